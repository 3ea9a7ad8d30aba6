/** Functions that plugins of the hub offer, as a walker calls them. */
import { ask } from './run.ts';

type OfferedFunction = (argument?: unknown) => unknown;

/** Names of functions, by grant. */
let catalogue: ReadonlyMap<string, readonly string[]> = new Map();

export function setCatalogue(names: Readonly<Record<string, readonly string[]>>): void {
  catalogue = new Map(Object.entries(names));
}

/** The functions of a grant. A walker can call them when its specs name the grant. @throws Error when there is no such grant. */
export function grant(given: unknown): Readonly<Record<string, OfferedFunction>> {
  const name = String(given);
  const functions = catalogue.get(name);
  if (functions === undefined) {
    const known = [...catalogue.keys()].join(', ');
    throw new Error(`grant(): no plugin offers ${name}; offered: ${known === '' ? 'nothing' : known}`);
  }
  const call = (of: string) => (argument: unknown) =>
    ask('call', { grant: name, name: of, given: argument ?? {} });
  return Object.freeze(Object.fromEntries(functions.map((of) => [of, call(of)])));
}
