/** Functions that plugins of the hub offer, as a walker calls them. */
import { ask } from './run.ts';

type OfferedFunction = (given?: unknown) => unknown;

/** Names of functions, by grant. */
let catalogue: ReadonlyMap<string, readonly string[]> = new Map();

export function setCatalogue(names: Readonly<Record<string, readonly string[]>>): void {
  catalogue = new Map(Object.entries(names));
}

/** The functions of a grant. A walker can call them when its specs name the grant. @throws Error when there is no such grant. */
export function grant(name: unknown): Readonly<Record<string, OfferedFunction>> {
  const functions = catalogue.get(String(name));
  if (functions === undefined) {
    const known = [...catalogue.keys()].join(', ');
    throw new Error(
      `grant(): no plugin offers ${String(name)}; offered: ${known === '' ? 'nothing' : known}`,
    );
  }
  const call = (of: string) => (given: unknown) => ask('call', { grant: name, name: of, given: given ?? {} });
  return Object.freeze(Object.fromEntries(functions.map((of) => [of, call(of)])));
}
