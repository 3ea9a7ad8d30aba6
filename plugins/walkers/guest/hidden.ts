/**
 * What the library knows of a function that user code has: as a private field, which no other code can see or forge. A
 * WeakMap would do the same, but keeping those up costs more than a short run takes.
 */
import type { ThingType } from './things.ts';
import type { Definition } from './walkers.ts';

/** Makes the fields of a class those of an object that is there already. */
class Itself {
  constructor(of: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object returned is the one that gets the fields
    return of;
  }
}

class TypeStamp extends Itself {
  readonly #type: ThingType;
  constructor(of: object, type: ThingType) {
    super(of);
    this.#type = type;
  }
  static read(of: object): ThingType | undefined {
    return #type in of ? of.#type : undefined;
  }
}

class WalkerStamp extends Itself {
  readonly #definition: Definition;
  constructor(of: object, definition: Definition) {
    super(of);
    this.#definition = definition;
  }
  static read(of: object): Definition | undefined {
    return #definition in of ? of.#definition : undefined;
  }
}

export function stampType(of: object, type: ThingType): void {
  new TypeStamp(of, type);
}

/** The type that a function makes things of. */
export function typeBehind(value: unknown): ThingType | undefined {
  return typeof value === 'function' ? TypeStamp.read(value) : undefined;
}

export function stampWalker(of: object, definition: Definition): void {
  new WalkerStamp(of, definition);
}

/** The definition behind an exported value; undefined when it is no walker. */
export function definitionOf(value: unknown): Definition | undefined {
  return typeof value === 'function' ? WalkerStamp.read(value) : undefined;
}
