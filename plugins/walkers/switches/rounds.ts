/** Runs a walker for each user who has it on. */
import type { Log } from '../../../core/index.ts';
import { type Caller, callerOf } from '../callers.ts';
import type { Engine } from '../engine.ts';
import type { Switches } from './switches.ts';
import { Turns } from './turns.ts';

/** Runs for users that may be in the queue of the processes at a time: others find room there. */
const AT_ONCE = 16;
/** Runs that may wait for that, and of these those of one user. */
const WAITING = 10_000;
const WAITING_OF_USER = 100;
/** Events for which it is being looked up who has a walker on. */
const LOOKED_UP = 1_000;

export interface Round {
  /** Its name. */
  readonly walker: string;
  /** Which of the users who have it on. */
  readonly isFor: (user: string) => boolean;
  /** @returns whether it was run. */
  readonly run: (caller: Caller) => Promise<boolean>;
}

export class Rounds {
  readonly #engine: Engine;
  readonly #switches: Switches;
  readonly #log: Log;
  readonly #queueMs: number;
  readonly #turns = new Turns(AT_ONCE, WAITING, WAITING_OF_USER);
  #lookedUp = 0;

  /** @param queueMs how long a run may wait for its turn. */
  constructor(engine: Engine, switches: Switches, log: Log, queueMs: number) {
    this.#engine = engine;
    this.#switches = switches;
    this.#log = log;
    this.#queueMs = queueMs;
  }

  /** As `run`, for what nobody waits for and is of the moment: what waited for too long is not run. */
  begin(round: Round): void {
    if (this.#lookedUp >= LOOKED_UP) {
      this.#dropped(round.walker, 'too many events wait');
      return;
    }
    const latest = Date.now() + this.#queueMs;
    this.#lookedUp++;
    this.#usersOf(round)
      .finally(() => this.#lookedUp--)
      .then(
        (users) => this.#all(round, users, latest),
        (error: unknown) => this.#failed(round.walker, error),
      );
  }

  /** Resolves when the runs of all users have ended. @returns whether each was run. @throws what the store throws. */
  async run(round: Round): Promise<boolean> {
    return this.#all(round, await this.#usersOf(round), Number.POSITIVE_INFINITY);
  }

  async #usersOf({ walker, isFor }: Round): Promise<readonly string[]> {
    return (await this.#switches.of(walker)).filter(isFor);
  }

  /** Never rejects. @param latest Unix ms when a run may begin. */
  async #all({ walker, run }: Round, users: readonly string[], latest: number): Promise<boolean> {
    let wereRun = 0;
    const work = async (user: string) => {
      if (Date.now() > latest) {
        this.#dropped(walker, 'it waited for too long', user);
        return;
      }
      try {
        const caller = await callerOf({ user, claims: {}, expiresAt: undefined }, this.#engine.users);
        if (await run(caller)) wereRun++;
      } catch (error) {
        this.#failed(walker, error);
      }
    };
    const runs = users.map((user) => {
      const done = this.#turns.take(user, () => work(user));
      if (done === undefined) this.#dropped(walker, 'too many runs wait', user);
      return done;
    });
    await Promise.all(runs);
    return wereRun === users.length;
  }

  #dropped(walker: string, why: string, user?: string): void {
    this.#log.warn({ walker, ...(user !== undefined && { user }) }, `a walker was not run for users: ${why}`);
  }

  #failed(walker: string, error: unknown): void {
    this.#log.error({ err: error, walker }, 'a walker could not be run for its users');
  }
}
