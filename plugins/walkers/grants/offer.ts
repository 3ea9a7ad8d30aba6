/** A function that a plugin offers to walkers: described, checked, called. */
import type { GrantName, Grants } from 'hub:walker';
import {
  compile,
  explain,
  type Static,
  type TObject,
  type TSchema,
  type Validator,
} from '../../../core/index.ts';
import { CallRefused } from '../runtime/run.ts';

/** For whom a function is called, so that a plugin can decide what this user may. */
export interface CallFacts {
  /** Id of the root that the walker runs for. */
  readonly root: string;
  /** What the walker sees as `user`. null: nobody is logged in. */
  readonly user: Readonly<Record<string, unknown>> | null;
  /** Name of the walker. */
  readonly walker: string;
}

export type Perform<P, R> = (given: P, facts: CallFacts) => R | Promise<R>;

/** What a plugin says of a function. */
export interface Description<P extends TObject, R extends TSchema> {
  /** What it does, in a sentence or two: for whoever writes walkers. */
  readonly doc: string;
  /** Schema of the one argument, an object. Defaults are filled in. */
  readonly parameters: P;
  /** Schema of the result, which has to be JSON. `Type.Null()`: there is none. */
  readonly result: R;
  /**
   * Does it. A HubError it throws becomes an error of the walker, with its message; `forbidden` one that ends in a 403. Of anything
   * else the walker is told a trace id.
   */
  readonly call: Perform<Static<P>, Static<R>>;
}

/** A function that can be offered: what `fn` makes of a description. */
export interface Offer<P = never, R = unknown> {
  readonly doc: string;
  readonly parameters: TObject;
  readonly result: TSchema;
  readonly call: Perform<P, R>;
  /**
   * Calls it with what came from a walker.
   * @param instead is called in its place.
   * @throws CallRefused when `given` does not match, Error when the result does not; what the function throws.
   */
  perform(given: unknown, facts: CallFacts, instead?: Perform<unknown, unknown>): Promise<unknown>;
}

/** What a function gets of its declared argument: fields that may be left out have their defaults. No argument: `{}`. */
export type GivenOf<P> = unknown extends P ? object : Required<P>;

/** What a plugin gives for a grant: an offer for each function that the declaration of the grant has. */
export type OffersOf<N extends GrantName> = {
  readonly [K in keyof Grants[N]]: Grants[N][K] extends (given: infer P) => infer R
    ? Offer<GivenOf<P>, R>
    : never;
};

export class DescribedOffer<P extends TObject, R extends TSchema> implements Offer<Static<P>, Static<R>> {
  readonly doc: string;
  readonly parameters: P;
  readonly result: R;
  readonly call: Perform<Static<P>, Static<R>>;
  readonly #isGiven: Validator<P>;
  readonly #isResult: Validator<R>;

  constructor({ doc, parameters, result, call }: Description<P, R>) {
    this.doc = doc;
    this.parameters = parameters;
    this.result = result;
    this.call = call;
    this.#isGiven = compile(parameters);
    this.#isResult = compile(result);
  }

  async perform(
    given: unknown,
    facts: CallFacts,
    instead: Perform<Static<P>, unknown> = this.call,
  ): Promise<unknown> {
    if (!this.#isGiven(given)) throw new CallRefused(explain(this.#isGiven.errors));
    // As the walker gets it: what has no JSON is not there.
    const result: unknown = JSON.parse(JSON.stringify((await instead(given, facts)) ?? null));
    if (!this.#isResult(result)) throw new Error(`its result: ${explain(this.#isResult.errors)}`);
    return result;
  }
}
