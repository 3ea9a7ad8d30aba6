/** Errors of plugins: contained, counted, logged with the plugin's name and a trace id. */
import { randomUUID } from 'node:crypto';
import { HubError } from './errors.ts';
import type { HookPoints } from './hooks.ts';
import type { Log } from './log.ts';

/** Stands for a failure that is already in the log, so that whoever meets it does not report it as its own. */
export class ReportedFailure extends HubError {
  readonly traceId: string;

  constructor(traceId: string, cause: unknown) {
    super('internal', `a plugin failed, trace id ${traceId}`, undefined, { cause });
    this.traceId = traceId;
  }
}

export class Failures {
  /** Since the start, by plugin. */
  readonly counts = new Map<string, number>();
  readonly #log: Log;
  #hooks: HookPoints | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Failures are told to the `pluginError` hook from now on. */
  attach(hooks: HookPoints): void {
    this.#hooks = hooks;
  }

  /** @param where what failed, such as `message "JOIN"`. @returns the trace id the log entry carries. */
  report(plugin: string, where: string, error: unknown): string {
    if (error instanceof ReportedFailure) return error.traceId;
    const traceId = randomUUID();
    this.counts.set(plugin, (this.counts.get(plugin) ?? 0) + 1);
    this.#log.error({ plugin, traceId, err: error }, `plugin "${plugin}" failed in ${where}`);
    // A failing tap of pluginError must not be told of itself.
    if (where !== 'hook pluginError') this.#hooks?.pluginError.call({ plugin, where, error, traceId });
    return traceId;
  }
}
