/** The walkers of a folder: found, loaded, and loaded again when a file is saved. */
import { createHash } from 'node:crypto';
import { type Bundle, bundle, type LoadModule } from '../source/bundle.ts';
import { Compiler } from '../source/compile.ts';
import { readWalkerFile, walkerFiles } from '../source/folder.ts';
import type { Rewritten } from '../source/rewrite.ts';
import { type KnownNames, readSpecs, type Specs } from '../source/specs.ts';
import { watchFolder } from '../source/watch.ts';
import { type RunLimits, tighten } from './limits.ts';
import type { WalkerPool } from './pool.ts';

/** A walker as it is served now. */
export interface LoadedWalker {
  /** Its event name. */
  readonly name: string;
  /** Within the folder. */
  readonly file: string;
  readonly specs: Specs;
  /** JSON schema of its fields. */
  readonly has: Readonly<Record<string, unknown>>;
  readonly bundle: Bundle;
  /** The hub's limits, tightened by its specs. */
  readonly limits: RunLimits;
}

/** A file of the folder. */
export interface WalkerFile {
  readonly file: string;
  readonly walkers: readonly LoadedWalker[];
  /** Why the file as it was saved last is not served; an older version may be. */
  readonly error?: string;
}

interface LibraryOptions {
  readonly folder: string;
  readonly pool: WalkerPool;
  readonly limits: RunLimits;
  /** Those that specs may ask for. */
  readonly grants?: KnownNames;
}

interface FileState extends WalkerFile {
  /** Undefined: no version has loaded yet. */
  readonly bundle?: Bundle;
}

/** By path, with the hash of the source. */
type Translations = Map<string, { readonly hash: string; readonly result: Rewritten }>;

export class WalkerLibrary {
  readonly #options: LibraryOptions;
  readonly #compiler = new Compiler();
  #translated: Translations = new Map();
  #files = new Map<string, FileState>();
  #walkers = new Map<string, LoadedWalker>();
  #stopWatching: (() => void) | undefined;

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  /** By name. A new map after every change. */
  get walkers(): ReadonlyMap<string, LoadedWalker> {
    return this.#walkers;
  }

  get files(): readonly WalkerFile[] {
    return [...this.#files.values()];
  }

  /**
   * Brings everything up to date with the folder. A file that does not load keeps the version it had.
   * @returns the files that have changed, or whose error has.
   */
  async load(): Promise<readonly WalkerFile[]> {
    const before = this.#files;
    const translated: Translations = new Map();
    const files = new Map<string, FileState>();
    const names = await walkerFiles(this.#options.folder);
    for (const file of names)
      files.set(file, await this.#loadFile(before.get(file) ?? { file, walkers: [] }, translated));
    const seen = [...before.values(), ...files.values()];
    settleNames(files, before);
    this.#translated = translated;
    this.#files = files;
    this.#walkers = new Map(
      [...files.values()].flatMap(({ walkers }) => walkers.map((one) => [one.name, one])),
    );
    const serving = new Set([...files.values()].map((state) => state.bundle?.hash));
    for (const { bundle: old } of seen) {
      if (old !== undefined && !serving.has(old.hash)) this.#options.pool.retire(old);
    }
    const gone = [...before.keys()].filter((file) => !files.has(file));
    const isNews = ({ file, bundle, error }: FileState) => {
      const old = before.get(file);
      return old === undefined || old.bundle !== bundle || old.error !== error;
    };
    const changed = [...files.values()].filter(isNews);
    return [...changed, ...gone.map((file) => ({ file, walkers: [] }))];
  }

  /** Loads again whenever something is saved. @param onChange gets what `load` returns, when it is anything. */
  watch(onChange: (files: readonly WalkerFile[]) => void): void {
    this.#stopWatching = watchFolder(this.#options.folder, async () => {
      const changed = await this.load().catch((error: unknown) => [
        { file: '.', walkers: [], error: messageOf(error) },
      ]);
      if (changed.length > 0) onChange(changed);
    });
  }

  close(): void {
    this.#stopWatching?.();
    this.#compiler.stop();
  }

  async #loadFile(state: FileState, translated: Translations): Promise<FileState> {
    const { file } = state;
    let built: Bundle | undefined;
    const refused = (error: string): FileState => {
      if (built !== undefined && built.hash !== state.bundle?.hash) this.#options.pool.retire(built);
      return error === state.error ? state : { ...state, error };
    };
    try {
      built = await bundle(file, this.#translator(translated));
    } catch (error) {
      return refused(messageOf(error));
    }
    if (state.error === undefined && state.bundle?.hash === built.hash) return state;
    const listed = await this.#options.pool.list(built, this.#options.limits);
    if (!listed.ok) return refused(`${listed.at ?? `walkers/${file}`}: ${listed.message}`);
    const walkers: LoadedWalker[] = [];
    for (const { name, specs: given, has } of listed.walkers) {
      const read = readSpecs(given, this.#options.grants);
      if ('problem' in read) return refused(`walkers/${file}: specs of ${name}: ${read.problem}`);
      const { specs } = read;
      const limits = tighten(this.#options.limits, specs.limits);
      walkers.push({ name, file, specs, has, bundle: built, limits });
    }
    return { file, walkers, bundle: built };
  }

  /** Translates what has changed; each file once, however many import it. */
  #translator(translated: Translations): LoadModule {
    return async (path, from) => {
      const source = await readWalkerFile(this.#options.folder, path, from);
      const hash = createHash('sha256').update(source).digest('hex');
      const known = translated.get(path) ?? this.#translated.get(path);
      const result = known?.hash === hash ? known.result : await this.#compiler.translate(path, source);
      translated.set(path, { hash, result });
      return result;
    };
  }
}

/**
 * Takes care that no name is served twice: of two files that export it, the one that has changed goes back to the
 * version it had, then to none; when both have, the later one.
 */
function settleNames(files: Map<string, FileState>, before: ReadonlyMap<string, FileState>): void {
  for (let clash = findClash(files); clash !== undefined; clash = findClash(files)) {
    const { name, first, second } = clash;
    const hasChanged = (state: FileState) => state.bundle?.hash !== before.get(state.file)?.bundle?.hash;
    const [loser, winner] = hasChanged(first) && !hasChanged(second) ? [first, second] : [second, first];
    const { file } = loser;
    const old = hasChanged(loser) ? before.get(file) : undefined;
    const error = `walkers/${file}: a walker ${name} is in walkers/${winner.file}, too`;
    files.set(file, { ...(old ?? { file, walkers: [] }), error });
  }
}

function findClash(files: ReadonlyMap<string, FileState>) {
  const owners = new Map<string, FileState>();
  for (const second of files.values()) {
    for (const { name } of second.walkers) {
      const first = owners.get(name);
      if (first !== undefined) return { name, first, second };
      owners.set(name, second);
    }
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
