/**
 * Closes the realm: what is left in it afterwards cannot change, cannot make code from text and cannot run later.
 * So user code finds the same world in every run and leaves nothing in it for the next.
 */

/** Globals that make code, wait, share memory or tell when something was collected. */
const REMOVED_GLOBALS = [
  'eval',
  'Function',
  'Promise',
  'AsyncDisposableStack',
  'WeakRef',
  'FinalizationRegistry',
  'SharedArrayBuffer',
  'Atomics',
  'WebAssembly',
];

/** Besides: the global symbol registry and RegExp's memory of the last match are state that every run would share. */
const REMOVED_PROPERTIES: readonly (readonly [object, readonly string[]])[] = [
  [Symbol, ['for', 'keyFor']],
  [Array, ['fromAsync']],
  [Error, ['captureStackTrace', 'prepareStackTrace']],
  [Object.prototype, ['__proto__', '__defineGetter__', '__defineSetter__']],
  [Object.prototype, ['__lookupGetter__', '__lookupSetter__']],
  [RegExp, ['input', 'lastMatch', 'lastParen', 'leftContext', 'rightContext']],
  [RegExp, ['$_', '$&', '$+', '$`', "$'"]],
  [RegExp, ['$1', '$2', '$3', '$4', '$5', '$6', '$7', '$8', '$9']],
];

/** Stack frames kept of an error: those of this library come before the walker's own. */
const STACK_FRAMES = 30;

/** @param own what user code gets besides the language: frozen with everything it leads to. */
export function closeRealm(own: readonly object[]): void {
  const hidden = hiddenIntrinsics();
  for (const name of REMOVED_GLOBALS) Reflect.deleteProperty(globalThis, name);
  for (const [holder, names] of REMOVED_PROPERTIES) {
    for (const name of names) Reflect.deleteProperty(holder, name);
  }
  Reflect.set(Error, 'stackTraceLimit', STACK_FRAMES);
  for (const prototype of functionPrototypes()) {
    Object.defineProperty(prototype, 'constructor', { value: noCodeFromText, writable: false });
  }
  letInstancesOverride();
  freezeAll([globalThis, ...hidden, ...own]);
}

function noCodeFromText(): never {
  throw new TypeError('code cannot be made from text in a walker');
}

/** Prototypes of the four kinds of functions, whose `constructor` compiles text. */
function functionPrototypes(): object[] {
  return [() => {}, function* () {}, async () => {}, async function* () {}].map(prototypeOf);
}

function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value);
}

/** Objects of the language that no path of properties leads to, but that code can get hold of. */
function hiddenIntrinsics(): object[] {
  const found: object[] = [];
  const withPrototypes = (value: object) => {
    for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
      if (at !== value) found.push(at);
    }
  };
  for (const instance of [
    [].values(),
    new Map().values(),
    new Set().values(),
    ''[Symbol.iterator](),
    ''.matchAll(/a/g),
    ...iteratorHelpers(),
    (function* () {})(),
    (async function* () {})(),
    ...functionPrototypes(),
    new Intl.Segmenter().segment(''),
    new Intl.Segmenter().segment('')[Symbol.iterator](),
  ]) {
    withPrototypes(instance);
  }
  found.push(...functionPrototypes());
  // The functions behind the own property `stack` of every error, and `callee` of every arguments object.
  const accessors = [
    Object.getOwnPropertyDescriptor(new Error(), 'stack'),
    Object.getOwnPropertyDescriptor(strictArguments(), 'callee'),
  ];
  for (const accessor of accessors) {
    if (accessor?.get) found.push(accessor.get);
    if (accessor?.set) found.push(accessor.set);
  }
  return found;
}

/** What `iterator.map()` and `Iterator.from()` return. TypeScript's library of the year does not know them yet. */
function iteratorHelpers(): object[] {
  const mapped = callMember([].values(), 'map', String);
  const wrapped = callMember(Reflect.get(globalThis, 'Iterator'), 'from', { next: () => ({ done: true }) });
  return [mapped, wrapped].filter((value) => value !== undefined);
}

function callMember(of: object, name: string, argument: unknown): object | undefined {
  const method: unknown = Reflect.get(of, name);
  return typeof method === 'function' ? Reflect.apply(method, of, [argument]) : undefined;
}

function strictArguments(): object {
  // biome-ignore lint/complexity/noArguments: the arguments object itself is what is wanted
  return arguments;
}

/**
 * A frozen prototype keeps its instances from getting a property of the same name by assignment. Where code does
 * that (`error.message = …`, `object.toString = …`), accessors take the assignment to the instance. Not for arrays
 * and the other containers: their methods would become slower, and nobody assigns to them.
 */
function letInstancesOverride(): void {
  const errors = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
  const prototypes = [Object, Error, ...errors, suppressedError()].map((type) => type.prototype);
  for (const prototype of [...prototypes, prototypeOf(noCodeFromText)]) {
    for (const key of Reflect.ownKeys(prototype)) {
      const property = Object.getOwnPropertyDescriptor(prototype, key);
      if (property === undefined || !('value' in property) || !property.configurable) continue;
      const { value, enumerable } = property;
      Object.defineProperty(prototype, key, {
        enumerable,
        configurable: false,
        get: () => value,
        set(this: unknown, next: unknown) {
          if (this === prototype || typeof this !== 'object' || this === null) {
            if (typeof this !== 'function') throw new TypeError(`${String(key)} cannot be changed`);
          }
          Object.defineProperty(this, key, {
            value: next,
            writable: true,
            enumerable: true,
            configurable: true,
          });
        },
      });
    }
  }
}

/** `using` declarations throw it; TypeScript's library does not list it as a value everywhere. */
function suppressedError(): { readonly prototype: object } {
  const found: unknown = Reflect.get(globalThis, 'SuppressedError');
  return typeof found === 'function' ? found : Error;
}

/** With everything they lead to. */
export function freezeAll(roots: readonly unknown[]): void {
  const seen = new Set<object>();
  const waiting = [...roots];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if ((typeof next !== 'object' && typeof next !== 'function') || next === null || seen.has(next)) continue;
    seen.add(next);
    for (const key of Reflect.ownKeys(next)) {
      const property = Object.getOwnPropertyDescriptor(next, key);
      waiting.push(property?.value, property?.get, property?.set);
    }
    waiting.push(Object.getPrototypeOf(next));
    Object.freeze(next);
  }
}
