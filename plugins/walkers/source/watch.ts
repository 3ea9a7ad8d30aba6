/** Tells when something in a folder changes. */
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds without another change before it is told: an editor's save is several changes. */
const QUIET = 60;
/** Milliseconds between two looks for a folder that is not there. */
const RETRY = 500;
/** Folders watched; what is in further ones goes unnoticed. */
const MOST_FOLDERS = 100;

/**
 * Watches the folder and those in it, not single files: many editors save by putting a new file in the place of the old
 * one. Each folder on its own, because on Linux Node's recursive watching loses a file that was replaced twice. A folder
 * that is not there yet, or no longer, is watched as soon as it is.
 * @param onChange is called once at the beginning, too: for what changed before. It is not called again before its promise has settled; changes meanwhile are told afterwards. It must not
 *   reject.
 * @returns ends it.
 */
export function watchFolder(folder: string, onChange: () => Promise<void>): () => void {
  const watching = new Watching(folder, onChange);
  watching.appeared();
  return () => watching.stop();
}

class Watching {
  readonly #folder: string;
  readonly #onChange: () => Promise<void>;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #telling = false;
  #changed = false;

  constructor(folder: string, onChange: () => Promise<void>) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /** Watches what is there now. @returns whether the folder is. */
  look(): boolean {
    const found = foldersIn(this.#folder);
    for (const [path, watcher] of this.#watchers) {
      if (found.includes(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of found) if (!this.#watchers.has(path)) this.#watch(path);
    if (!this.#watchers.has(this.#folder)) this.#later(RETRY, () => this.appeared());
    return this.#watchers.has(this.#folder);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, () => this.#noticed());
      // The folder has gone: its parent's watcher tells, or the next look.
      watcher.on('error', () => this.#noticed()).unref();
      this.#watchers.set(path, watcher);
    } catch {
      // It has gone meanwhile.
    }
  }

  /** Watches, and tells when there is something to watch. */
  appeared(): void {
    if (this.look()) this.#noticed();
  }

  #noticed(): void {
    this.#later(QUIET, () => void this.#tell());
  }

  #later(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(act, ms);
    this.#timer?.unref();
  }

  async #tell(): Promise<void> {
    this.#changed = true;
    if (this.#telling) return;
    this.#telling = true;
    while (this.#changed && !this.#stopped) {
      this.#changed = false;
      // First, so that nothing is lost that changes while the change is told.
      this.look();
      await this.#onChange();
    }
    this.#telling = false;
  }
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const inner = entries
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name));
    return [folder, ...inner].slice(0, MOST_FOLDERS);
  } catch {
    return [];
  }
}
