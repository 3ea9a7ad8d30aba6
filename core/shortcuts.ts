/**
 * Answers to GET requests that are ready before anybody asks: for paths that hundreds of clients poll. The transport sends
 * them itself, so they cost half of what a route does; whatever is not that simple goes on to the route of the path.
 */
import { StartError } from './errors.ts';
import type { Failures } from './failures.ts';
import type { App, HttpRequest, HttpResponse } from './transport/uws.ts';

/** @returns JSON that is ready to be sent; undefined leaves the request to the route. */
export type ReadyAnswer = (params: Readonly<Record<string, string>>) => Uint8Array | undefined;

interface Shortcut {
  readonly plugin: string;
  readonly path: string;
  readonly answer: ReadyAnswer;
}

export class Shortcuts {
  readonly #failures: Failures;
  readonly #shortcuts: Shortcut[] = [];

  constructor(failures: Failures) {
    this.#failures = failures;
  }

  /** @throws StartError when the path is taken, naming both plugins. */
  add(shortcut: Shortcut): void {
    const { plugin, path } = shortcut;
    const other = this.#shortcuts.find((taken) => taken.path === path);
    if (other !== undefined) {
      throw new StartError(
        `plugin "${plugin}": the shortcut ${path} is already taken by plugin "${other.plugin}"`,
      );
    }
    this.#shortcuts.push(shortcut);
  }

  install(app: App): void {
    for (const shortcut of this.#shortcuts) {
      const names = shortcut.path.split('/').flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));
      app.get(shortcut.path, (res, req) => {
        if (!this.#answer(shortcut, names, res, req)) req.setYield(true);
      });
    }
  }

  #answer(shortcut: Shortcut, names: readonly string[], res: HttpResponse, req: HttpRequest): boolean {
    // Pages of other origins need headers that the route knows how to write.
    if (req.getHeader('origin') !== '') return false;
    const params: Record<string, string> = {};
    for (const [index, name] of names.entries()) {
      const value = req.getParameter(index) ?? '';
      if (value.includes('%')) return false;
      params[name] = value;
    }
    try {
      const ready = shortcut.answer(params);
      if (ready === undefined) return false;
      res.writeHeader('content-type', 'application/json').end(ready);
      return true;
    } catch (error) {
      this.#failures.report(shortcut.plugin, `shortcut ${shortcut.path}`, error);
      return false;
    }
  }
}
