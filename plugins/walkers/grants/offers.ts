/** All that plugins offer to walkers, by grant. */
import type { GrantName, Grants } from 'hub:walker';
import { StartError } from '../../../core/index.ts';
import type { GivenOf, Offer, OffersOf, Perform } from './offer.ts';

/** Names of functions, by grant: what a walker file needs to know before it calls one. */
export type Catalogue = Readonly<Record<string, readonly string[]>>;

/** Functions that are called in place of those offered, by grant. */
export type Replacements = {
  readonly [N in GrantName]?: {
    readonly [K in keyof Grants[N]]?: Grants[N][K] extends (given: infer P) => infer R
      ? Perform<GivenOf<P>, R>
      : never;
  };
};

const NAME = /^[A-Za-z]\w{0,63}$/;

export class Offers {
  readonly #grants = new Map<string, ReadonlyMap<string, Offer>>();
  #isClosed = false;

  /** @throws StartError when the name is taken or cannot be one, or walkers were loaded already. */
  add<N extends GrantName>(grant: N, offers: OffersOf<N>): void {
    if (this.#isClosed) throw new StartError(`the grant ${grant} is provided too late: walkers were loaded`);
    if (this.#grants.has(grant)) throw new StartError(`the grant ${grant} is provided twice`);
    const functions = new Map(Object.entries<Offer>(offers));
    for (const name of [grant, ...functions.keys()])
      if (!NAME.test(name)) throw new StartError(`a grant or a function of one cannot be called ${name}`);
    this.#grants.set(grant, functions);
  }

  get grants(): ReadonlyMap<string, ReadonlyMap<string, Offer>> {
    return this.#grants;
  }

  /** Nothing can be added afterwards: files that are loaded rely on it. */
  close(): Catalogue {
    this.#isClosed = true;
    return Object.fromEntries([...this.#grants].map(([grant, functions]) => [grant, [...functions.keys()]]));
  }
}
