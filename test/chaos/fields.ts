/** Irrigation: controllers report, dashboards watch. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { answerOf, Ledger, Loop, type Traffic, tokenOf, untilAgreed } from './traffic.ts';
import { Traveller } from './traveller.ts';
import type { World } from './world.ts';

const EVENT = 'leaf_wetness';

interface Rows {
  readonly rows: readonly { readonly data: { readonly record: number } }[];
}

export class Fields implements Traffic {
  readonly #controllers: readonly {
    readonly id: string;
    readonly client: Traveller;
    readonly ledger: Ledger;
  }[];
  readonly #dashboards: Traveller[] = [];
  readonly #loops: readonly Loop[];
  /** Readings of a controller that came to a dashboard after newer ones. */
  readonly #disordered: string[] = [];

  /** @returns when a reading of each controller was shown. */
  static async start(world: World, controllers: number, dashboards: number): Promise<Fields> {
    const ids = Array.from({ length: controllers }, (_, index) => `c${index}`);
    const boards = await Promise.all(
      ids.map((controller) => tokenOf(world, { sub: controller, controller })),
    );
    const user = await tokenOf(world, { sub: 'ann', controllers: ['*'] });
    const fields = new Fields(world, ids, boards, user, dashboards);
    while (fields.#controllers.some(({ ledger }) => ledger.acknowledged.size === 0)) await wait(20);
    return fields;
  }

  private constructor(
    world: World,
    ids: readonly string[],
    boards: readonly string[],
    user: string,
    dashboards: number,
  ) {
    this.#controllers = ids.map((id, index) => ({
      id,
      ledger: new Ledger(),
      client: new Traveller(world, {
        path: `/?token=${boards[index]}`,
        opened: () => {},
        received: () => {},
      }),
    }));
    const ledgers = new Map(this.#controllers.map(({ id, ledger }) => [id, ledger]));
    for (let i = 0; i < dashboards; i++) this.#dashboards.push(this.#watch(world, user, ledgers));
    this.#loops = this.#controllers.map(
      ({ client, ledger }) =>
        new Loop(500, async (record) => {
          ledger.tried.add(`${record}`);
          client.send({ event: EVENT, data: { time: Date.now(), record } });
        }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  async check(t: Test, world: World): Promise<void> {
    t.strictSame(this.#disordered, []);
    const token = await tokenOf(world, { sub: 'ann', controllers: ['*'] });
    const headers = { authorization: `Bearer ${token}` };
    for (const { id, ledger } of this.#controllers) {
      const path = `/irrigation/telemetry?controller=${id}&event=${EVENT}&limit=10000`;
      const ask = async (port: number) => {
        const answer = (await answerOf(port, path, { headers })) as Rows | undefined;
        return answer?.rows.map(({ data }) => `${data.record}`);
      };
      const found = await untilAgreed(world, ask, () => true);
      t.strictSame(ledger.problems(found ?? []), []);
    }
  }

  async end(): Promise<void> {
    const clients = [...this.#dashboards, ...this.#controllers.map(({ client }) => client)];
    await Promise.all(clients.map((client) => client.end()));
  }

  #watch(world: World, token: string, ledgers: ReadonlyMap<string, Ledger>): Traveller {
    /** By controller, over the present connection. */
    const last = new Map<string, number>();
    return new Traveller(world, {
      path: `/clients/ann?token=${token}`,
      opened: () => last.clear(),
      received: ({ event, data }) => {
        if (event !== EVENT) return;
        const { controller, record } = data;
        const before = last.get(controller) ?? -1;
        if (record <= before) this.#disordered.push(`${controller}: ${before} is followed by ${record}`);
        last.set(controller, record);
        ledgers.get(controller)?.acknowledged.add(`${record}`);
      },
    });
  }
}
