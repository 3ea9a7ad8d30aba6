/** Three hubs on a Redis of their own, all of which may die, stop for a while and come back. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { newPrefix, type OwnRedis, ownRedis } from '../plugins/redis/service.ts';
import type { HubSetup } from './hub.ts';

const HUBS = 3;

interface HubProcess {
  readonly child: ChildProcess;
  readonly port: number;
}

export class World {
  readonly secret = 'the same on all hubs that are killed at random';
  readonly redis: OwnRedis;
  readonly #t: Test;
  readonly #random: () => number;
  readonly #setup: HubSetup;
  /** undefined: it is dead, or on its way. */
  readonly #hubs: (HubProcess | undefined)[] = [];

  /** @param random numbers from 0 to 1, without 1: what happens. */
  static async start(t: Test, random: () => number): Promise<World> {
    const world = new World(t, await ownRedis(t), random);
    await Promise.all(Array.from({ length: HUBS }, (_, place) => world.#startHub(place)));
    return world;
  }

  private constructor(t: Test, redis: OwnRedis, random: () => number) {
    this.#t = t;
    this.redis = redis;
    this.#random = random;
    this.#setup = { url: redis.url, prefix: newPrefix(), secret: this.secret };
  }

  /** Of all hubs, which must live. */
  get ports(): readonly number[] {
    return this.#hubs.map((hub) => hub?.port ?? Number.NaN);
  }

  /** The port of a hub that lives, as far as one knows. */
  somePort(): number {
    const living = this.#hubs.filter((hub) => hub !== undefined);
    return living[Math.floor(Math.random() * living.length)]?.port ?? 0;
  }

  /** POST of JSON to some hub. @returns undefined when the answer did not come, which says nothing of what was done. */
  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    try {
      const response = await fetch(`http://127.0.0.1:${this.somePort()}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE),
      });
      return { status: response.status, text: await response.text() };
    } catch {
      return undefined;
    }
  }

  /** Something bad happens, and is over when this resolves. @returns what it was. */
  async trouble(): Promise<string> {
    const place = Math.floor(this.#random() * HUBS);
    const kind = KINDS[Math.floor(this.#random() * KINDS.length)] ?? 'kill';
    await this.#make(kind, place);
    return `${kind} ${place}`;
  }

  /** @returns when every hub answers that it is ready. */
  async untilReady(): Promise<void> {
    for (const port of this.ports) {
      while ((await fetch(`http://127.0.0.1:${port}/health/ready`)).status !== 200) await wait(50);
    }
  }

  async #make(kind: (typeof KINDS)[number], place: number): Promise<void> {
    const pause = 300 + this.#random() * 1_200;
    const child = this.#hubs[place]?.child;
    switch (kind) {
      case 'kill':
      case 'stop':
        await this.#endHub(place, kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
        return this.#startHub(place);
      case 'pause':
        child?.kill('SIGSTOP');
        await wait(2 * pause);
        child?.kill('SIGCONT');
        return;
      case 'redis':
        await this.redis.kill();
        await wait(pause);
        return this.redis.start();
      case 'redis and kill':
        await this.redis.kill();
        await this.#endHub(place, 'SIGKILL');
        await wait(pause);
        await this.redis.start();
        return this.#startHub(place);
      case 'silence':
        this.redis.pause();
        await wait(3 * pause);
        this.redis.resume();
        return;
    }
  }

  async #endHub(place: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const hub = this.#hubs[place];
    this.#hubs[place] = undefined;
    if (hub !== undefined) await end(hub.child, signal);
  }

  async #startHub(place: number): Promise<void> {
    const child = fork(join(import.meta.dirname, 'hub.ts'), [JSON.stringify(this.#setup)]);
    this.#t.teardown(() => end(child, 'SIGKILL'));
    const [port] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`a hub did not start: ${code}`);
      }),
    ]);
    this.#hubs[place] = { child, port };
  }
}

/** Milliseconds that clients wait for an answer; a hub may be stopped. */
const PATIENCE = 8_000;

/** `silence`: Redis hangs; `stop`: a hub is stopped as operators do. */
const KINDS = ['kill', 'kill', 'stop', 'pause', 'redis', 'redis and kill', 'silence'] as const;

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
