/** Walkers: clients write lines into one graph. */
import type { Test } from 'tap';
import { answerOf, Ledger, Loop, type Traffic, untilAgreed } from './traffic.ts';
import { Traveller } from './traveller.ts';
import type { World } from './world.ts';

export class Graphs implements Traffic {
  readonly #ledger = new Ledger();
  readonly #clients: readonly Traveller[];
  readonly #loops: readonly Loop[];

  constructor(world: World, clients: number) {
    /** By client: what waits for an answer. */
    const waiting = new Map<number, (isDone: boolean) => void>();
    const answered = (index: number, isDone: boolean) => {
      waiting.get(index)?.(isDone);
      waiting.delete(index);
    };
    this.#clients = Array.from(
      { length: clients },
      (_, index) =>
        new Traveller(world, {
          path: '/websocket',
          opened: () => {},
          received: (message) => {
            if (message.type !== 'connection') answered(index, message.status === 200);
          },
          lost: () => answered(index, false),
        }),
    );
    this.#loops = this.#clients.map((client, index) => {
      const enter = async (n: number) => {
        const key = `${index}/${n}`;
        const answer = new Promise<boolean>((resolve) => waiting.set(index, resolve));
        const event = { type: 'walker', walker: 'enter', response: true, context: { key } };
        if (!client.send(event)) return answered(index, false);
        this.#ledger.tried.add(key);
        if (await answer) this.#ledger.acknowledged.add(key);
      };
      return new Loop(1_000, enter);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  async check(t: Test, world: World): Promise<void> {
    const ask = async (port: number) => {
      const answer = (await answerOf(port, '/walker/entries', { method: 'POST' })) as { reports: string[][] };
      return answer?.reports[0]?.sort();
    };
    const found = await untilAgreed(world, ask, () => true);
    t.strictSame(this.#ledger.problems(found ?? []), []);
    t.ok(this.#ledger.acknowledged.size > 0);
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}
