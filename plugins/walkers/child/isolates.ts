/** Isolates with the library and one bundle of files in each; those used least recently are given up. */
import ivm from 'isolated-vm';
import type { Catalogue } from '../grants/offers.ts';
import type { BundledModule } from '../source/bundle.ts';
import { GUEST_ENTRY, guestCode } from './guest-code.ts';

/** Isolates kept; each takes about 2 MB without what the walkers use. */
const MOST_ISOLATES = 16;
/** Milliseconds for the library to load; no user code runs meanwhile. */
const LOAD_TIMEOUT = 5_000;

type GuestFunction = ivm.Reference<(...values: readonly unknown[]) => unknown>;
/** @param at which of the runs of the call. */
export type HostCall = (operation: string, text: string, at: number) => string;

/** An isolate that is ready to run walkers. */
export interface Guest {
  readonly isolate: ivm.Isolate;
  readonly run: GuestFunction;
  readonly list: GuestFunction;
  /** Bytes, as seen last. */
  heapBytes: number;
  calls: number;
}

/** What a guest is made of. */
interface LoadedBundle {
  readonly modules: readonly BundledModule[];
  readonly catalogue: Catalogue;
}

export class Isolates {
  /** By bundle and memory limit; the last one is the one used last. */
  readonly #guests = new Map<string, Guest>();
  readonly #bundles = new Map<string, LoadedBundle>();
  /** What was asked for last, which is mostly asked for next. */
  #last: { readonly key: string; readonly heapMb: number; readonly guest: Guest } | undefined;
  readonly #code = guestCode();
  readonly #host: HostCall;

  constructor(host: HostCall) {
    this.#host = host;
  }

  load(key: string, bundle: LoadedBundle): void {
    this.#bundles.set(key, bundle);
  }

  unload(key: string): void {
    this.#bundles.delete(key);
    for (const name of [...this.#guests.keys()]) if (name.startsWith(`${key} `)) this.#drop(name);
  }

  /** @throws Error when the bundle was not loaded, or its code cannot be compiled. */
  get(key: string, heapMb: number): Guest {
    const last = this.#last;
    if (last?.key === key && last.heapMb === heapMb) return last.guest;
    const name = `${key} ${heapMb}`;
    const bundle = this.#bundles.get(key);
    if (bundle === undefined) throw new Error(`the files of ${key} are not loaded`);
    const guest = this.#guests.get(name) ?? this.#create(bundle, heapMb);
    this.#guests.delete(name);
    this.#guests.set(name, guest);
    const [oldest] = this.#guests.keys();
    if (this.#guests.size > MOST_ISOLATES && oldest !== undefined) this.#drop(oldest);
    this.#last = { key, heapMb, guest };
    return guest;
  }

  /** Gives up the isolate after a run that was cut short. */
  discard(guest: Guest): void {
    for (const [name, known] of this.#guests) if (known === guest) this.#drop(name);
  }

  #drop(name: string): void {
    const guest = this.#guests.get(name);
    this.#guests.delete(name);
    this.#last = undefined;
    if (guest?.isolate.isDisposed === false) guest.isolate.dispose();
  }

  #create({ modules, catalogue }: LoadedBundle, heapMb: number): Guest {
    const isolate = new ivm.Isolate({ memoryLimit: heapMb });
    const context = isolate.createContextSync();
    const library = this.#library(isolate, context);
    const member = (name: string): GuestFunction => library.getSync(name, { reference: true });
    const options = { timeout: LOAD_TIMEOUT };
    const given = [new ivm.Callback(this.#host), JSON.stringify(catalogue)];
    member('open').applySync(undefined, given, options);
    const define = member('define');
    for (const { path, code, imports, isConstant } of modules) {
      const factory = compile(isolate, context, path, code);
      define.applySync(undefined, [path, factory.derefInto(), JSON.stringify(imports), isConstant], options);
    }
    return { isolate, run: member('run'), list: member('list'), heapBytes: 0, calls: 0 };
  }

  #library(isolate: ivm.Isolate, context: ivm.Context): ivm.Reference {
    const compiled = new Map<string, ivm.Module>();
    const module = (name: string): ivm.Module => {
      const known = compiled.get(name);
      if (known !== undefined) return known;
      const code = this.#code.get(name);
      if (code === undefined) throw new Error(`the library has no module ${name}`);
      const made = isolate.compileModuleSync(code, { filename: `file:///hub/${name.slice(2)}` });
      compiled.set(name, made);
      return made;
    };
    const main = module(GUEST_ENTRY);
    main.instantiateSync(context, module);
    main.evaluateSync({ timeout: LOAD_TIMEOUT });
    return main.namespace;
  }
}

/** @returns the function that the module exports. No code of the user runs. */
function compile(isolate: ivm.Isolate, context: ivm.Context, path: string, code: string): ivm.Reference {
  // The function's own line comes before the first line of the source.
  const module = isolate.compileModuleSync(code, { filename: `file:///walkers/${path}`, lineOffset: -1 });
  module.instantiateSync(context, (specifier) => {
    throw new Error(`${path} imports ${specifier}`);
  });
  module.evaluateSync({ timeout: LOAD_TIMEOUT });
  return module.namespace.getSync('default', { reference: true });
}
