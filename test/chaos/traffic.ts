/** What clients do while hubs and Redis come and go, and what must be true afterwards. */
import { setTimeout as wait } from 'node:timers/promises';
import { SignJWT } from 'jose';
import type { Test } from 'tap';
import type { World } from './world.ts';

export interface Traffic {
  /** Begins no more, and waits for what is under way; those who only listen go on. */
  stop(): Promise<void>;
  /** Once all hubs are ready. */
  check(t: Test, world: World): Promise<void>;
  /** Everybody leaves. */
  end(): Promise<void>;
}

/** Does it over and over until it is told to stop. */
export class Loop {
  #isStopping = false;
  readonly #end: Promise<void>;

  /** @param pauseMs between two rounds, on average. */
  constructor(pauseMs: number, round: (n: number) => Promise<void>) {
    const run = async () => {
      for (let n = 0; !this.#isStopping; n++) {
        await round(n);
        await wait(2 * pauseMs * Math.random());
      }
    };
    this.#end = run();
  }

  /** @returns when the last round is over. */
  stop(): Promise<void> {
    this.#isStopping = true;
    return this.#end;
  }
}

export function tokenOf(world: World, claims: Readonly<Record<string, unknown>>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(world.secret));
}

/** How long what is under way may take, in ms. */
const PATIENCE = 30_000;

/**
 * Asks all hubs until they agree, and what they agree on is whole; or, when that lasts too long, for the assertions to say what is
 * wrong, until they agree.
 */
export async function untilAgreed<T>(
  world: World,
  ask: (port: number) => Promise<T>,
  isWhole: (answer: T) => boolean,
): Promise<T> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const [first, ...others] = await Promise.all(world.ports.map(ask));
    const text = JSON.stringify(first);
    if (
      first !== undefined &&
      others.every((one) => JSON.stringify(one) === text) &&
      (isWhole(first) || performance.now() > end)
    )
      return first;
    await wait(100);
  }
}

/** JSON of a hub; undefined: there is none now. */
export async function answerOf(port: number, path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const text = await response.text();
  return response.ok ? JSON.parse(text) : undefined;
}

/** Keys that were acknowledged, and those of which nobody knows. */
export class Ledger {
  readonly acknowledged = new Set<string>();
  readonly tried = new Set<string>();

  /** What is wrong with what is there in the end. */
  problems(found: readonly string[]): readonly string[] {
    const there = new Set(found);
    const lost = [...this.acknowledged].filter((key) => !there.has(key)).map((key) => `lost: ${key}`);
    const twice = found.filter((key, index) => found.indexOf(key) !== index).map((key) => `twice: ${key}`);
    const strange = found.filter((key) => !this.tried.has(key)).map((key) => `from nowhere: ${key}`);
    return [...lost, ...twice, ...strange];
  }
}
