/**
 * Runs the tests of a plugin once more, with two hubs wherever they start one: the hubs share a Redis, and clients and requests
 * go to the one and the other by turns. A client on one hub cannot tell on which hub another client is.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import tap, { type Test } from 'tap';
import type { Line } from '../../core/index.ts';
import redis from '../../plugins/redis/index.ts';
import { ownPrefix, withRedis } from '../plugins/redis/service.ts';
import { startHubsBy, startOne, type TestHub, type TestOptions } from './hub.ts';
import { plugin } from './plugin.ts';

/** For all tests of a file, in ms. */
const TIMEOUT = 180_000;

/** What hubs of one installation have in common. */
interface Installation {
  readonly prefix: string;
  readonly secret: string;
}

/** By data folder: hubs that a test starts with the same one find what those before them left. */
const installations = new Map<string, Installation>();

/**
 * @param file the module that asks.
 * @param names of the test files beside it, without `.test.ts`.
 */
export async function againOnTwoHubs(file: string, names: readonly string[]): Promise<void> {
  await withRedis(async () => {
    // Many files in one.
    tap.setTimeout(TIMEOUT);
    startHubsBy(startTwo);
    for (const name of names) await import(new URL(`./${name}.test.ts`, file).href);
  });
}

async function startTwo(
  t: Test,
  { data, plugins = [], identity, ...options }: TestOptions,
): Promise<TestHub> {
  const { prefix, secret } = installation(t, data);
  const marks = new Marks();
  const start = () =>
    startOne(t, {
      ...options,
      identity: { secret, ...identity },
      plugins: [redis({ prefix }), marks.plugin, ...plugins],
    });
  const [first, second] = await Promise.all([start(), start()]);
  let isSecond = true;
  const next = () => {
    isSecond = !isSecond;
    return isSecond ? second : first;
  };
  return {
    plugins: first.plugins,
    http: first.http,
    identity: first.identity,
    listen: () => first.listen(),
    stop: async (isReplaced) => void (await Promise.all([first.stop(isReplaced), second.stop(isReplaced)])),
    settled: () => marks.settled(),
    forgetLog: () => {
      first.forgetLog();
      second.forgetLog();
    },
    origins: [first.origin, second.origin],
    get port() {
      return next().port;
    },
    get origin() {
      return next().origin;
    },
    get logged() {
      return [...first.logged, ...second.logged];
    },
  };
}

function installation(t: Test, data: string | undefined): Installation {
  const known = installations.get(data ?? '');
  if (known !== undefined) return known;
  const made = { prefix: ownPrefix(t), secret: randomBytes(32).toString('hex') };
  if (data !== undefined) installations.set(data, made);
  return made;
}

/** From what another hub is sent to what it does, and to what others do because of that: so many times there and back. */
const ROUNDS = 4;

/** What one hub sends the other comes after all that it sent before. */
class Marks {
  readonly #members: { readonly line: Line; readonly roundTrip: () => Promise<unknown> }[] = [];
  readonly #arrivals = new Map<string, () => void>();
  #last = 0;

  readonly plugin = plugin('marks', (hub) => {
    const nothing = hub.store.collection('nothing');
    const line = hub.line('marks', { receive: (mark) => this.#arrivals.get(mark)?.() });
    this.#members.push({ line, roundTrip: () => nothing.get('nothing') });
  });

  async settled(): Promise<void> {
    await Promise.all(this.#members.map(({ line }) => this.#listen(line)));
    for (let round = 0; round < ROUNDS; round++) {
      // What a hub asked Redis before was answered then, and what it does with the answer is done in the next turn.
      await Promise.all(this.#members.map(({ roundTrip }) => roundTrip()));
      await nextTurn();
      await Promise.all(this.#members.map(({ line }) => this.#send(line)));
      await nextTurn();
    }
  }

  /** What a hub was asked to listen to before, it then listens to as well. */
  async #listen(line: Line): Promise<void> {
    const key = `${++this.#last}`;
    await line.follow(key);
    line.unfollow(key);
  }

  async #send(line: Line): Promise<void> {
    const mark = `${++this.#last}`;
    await new Promise<void>((resolve) => {
      this.#arrivals.set(mark, resolve);
      line.send(mark);
    });
    this.#arrivals.delete(mark);
  }
}
