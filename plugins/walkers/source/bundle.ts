/** Links a file with what it imports. */
import { createHash } from 'node:crypto';
import { LIBRARY, resolveImport } from './folder.ts';
import type { Import, Rewritten } from './rewrite.ts';
import { type Position, sourceError } from './source-error.ts';

/** Files of one bundle. */
const MOST_FILES = 100;
/** What `hub:walker` exports. */
const LIBRARY_EXPORTS = new Set([
  ...[
    'walker',
    'node',
    'edge',
    'Root',
    'AnyNode',
    'Type',
    'socket',
    'topics',
    'ref',
    'destroy',
    'spawn',
    'grant',
  ],
]);

export interface BundledModule {
  readonly path: string;
  readonly code: string;
  /** Paths, or `hub:walker`, in the order of the function's parameters. */
  readonly imports: readonly string[];
  /** As `Rewritten` has it. */
  readonly isConstant: boolean;
}

/** A walker file with everything it imports. */
export interface Bundle {
  readonly file: string;
  /** Changes with any of the files. */
  readonly hash: string;
  /** Each after what it imports; the file itself is the last. */
  readonly modules: readonly BundledModule[];
}

/** Reads and translates one file of the folder. @param from where it is imported. */
export type LoadModule = (
  path: string,
  from?: { readonly path: string; readonly at: Position },
) => Promise<Rewritten>;

/** @throws SourceError when a file cannot be used, imports what is not there, or imports itself in the end. */
export async function bundle(file: string, load: LoadModule): Promise<Bundle> {
  const linking = new Linking(load);
  await linking.add(file);
  const { modules } = linking;
  const hash = createHash('sha256').update(JSON.stringify(modules)).digest('hex');
  return { file, hash, modules };
}

class Linking {
  readonly modules: BundledModule[] = [];
  readonly #load: LoadModule;
  readonly #exports = new Map<string, ReadonlySet<string>>([[LIBRARY, LIBRARY_EXPORTS]]);
  /** Files that are being linked, each imported by the one before it. */
  readonly #way: string[] = [];

  constructor(load: LoadModule) {
    this.#load = load;
  }

  async add(path: string, from?: { readonly path: string; readonly at: Position }): Promise<void> {
    if (this.#way.length + this.modules.length >= MOST_FILES)
      throw sourceError(path, `more than ${MOST_FILES} files import each other`);
    const { code, imports, exports, isConstant } = await this.#load(path, from);
    this.#way.push(path);
    const paths: string[] = [];
    for (const imported of imports) {
      const target = resolveImport(path, imported.specifier, imported.at);
      await this.#addImported(path, target, imported);
      paths.push(target);
    }
    this.#way.pop();
    const names = new Set<string>();
    for (const { name, allOf } of exports) {
      if (allOf === undefined) names.add(name);
      else {
        const all = this.#exports.get(resolveImport(path, allOf, { line: 1, column: 0 })) ?? [];
        for (const inner of all) if (inner !== 'default') names.add(inner);
      }
    }
    this.#exports.set(path, names);
    this.modules.push({ path, code, imports: paths, isConstant });
  }

  async #addImported(path: string, target: string, { names, specifier, at }: Import): Promise<void> {
    const cycle = this.#way.indexOf(target);
    if (cycle !== -1) {
      const way = [...this.#way.slice(cycle), target].map((name) => `walkers/${name}`).join(' → ');
      throw sourceError(path, `files import each other in a circle: ${way}`, at);
    }
    if (!this.#exports.has(target)) await this.add(target, { path, at });
    const known = this.#exports.get(target);
    const missing = names.find(({ name }) => known?.has(name) !== true);
    if (missing === undefined) return;
    throw sourceError(
      path,
      `${specifier} does not export ${missing.name}; if it is a type, write: import type`,
      missing.at,
    );
  }
}
