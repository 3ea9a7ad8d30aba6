/** CityIO: interfaces paint, programs post modules. */
import type { Test } from 'tap';
import { makeCells, makeTable } from '../plugins/cityio/city.ts';
import { answerOf, Loop, type Traffic, untilAgreed } from './traffic.ts';
import { Traveller } from './traveller.ts';
import type { World } from './world.ts';

const SIDE = 4;
const WRITERS = 8;

export class Tables implements Traffic {
  readonly #painters: readonly Traveller[];
  readonly #loops: Loop[] = [];
  /** By writer: the last number that was acknowledged, and the last one that was tried. */
  readonly #written = Array.from({ length: WRITERS }, () => ({ acknowledged: 0, tried: 0 }));
  /** What each interface saw last: the height of the first cell. */
  readonly #seen: (number | undefined)[];

  static async start(world: World, interfaces: number): Promise<Tables> {
    const made = await world.post('/api/table/chaos', makeTable(SIDE, 'chaos'));
    if (made?.status !== 200) throw new Error(`no table: ${made?.text}`);
    return new Tables(world, interfaces);
  }

  private constructor(world: World, interfaces: number) {
    this.#seen = Array.from({ length: interfaces }, () => undefined);
    this.#painters = this.#seen.map(
      (_, index) =>
        new Traveller(world, {
          path: '/interface',
          opened: (send) => send({ type: 'LISTEN', content: { gridId: 'chaos' } }),
          received: ({ type, content }) => {
            if (type === 'GEOGRIDDATA_UPDATE') this.#seen[index] = content[0].height;
            if (type === 'TABLE_SNAPSHOT') this.#seen[index] = content.GEOGRIDDATA[0].height;
          },
        }),
    );
    for (const [writer, state] of this.#written.entries()) this.#write(world, writer, state);
    for (const [index, painter] of this.#painters.entries()) {
      if (index % 10 !== 0) continue;
      const paint = (n: number) => ({
        type: 'UPDATE_GRID',
        content: { geogriddata: makeCells(SIDE, 1 + n * interfaces + index) },
      });
      this.#loops.push(new Loop(200, async (n) => void painter.send(paint(n))));
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  async check(t: Test, world: World): Promise<void> {
    const ask = async (port: number) =>
      (await answerOf(port, '/api/table/chaos')) as Record<string, number & { height: number }[]>;
    // Painting is not acknowledged: some of it may still be under way.
    const isShown = (table: Awaited<ReturnType<typeof ask>>) =>
      this.#seen.every((seen) => seen === table.GEOGRIDDATA?.[0]?.height);
    const table = await untilAgreed(world, ask, isShown);
    t.ok(isShown(table), 'every interface shows it');
    for (const [writer, { acknowledged, tried }] of this.#written.entries()) {
      const value = Number(table[`m${writer}`] ?? 0);
      t.ok(acknowledged <= value && value <= tried, `${acknowledged} ≤ ${value} ≤ ${tried}`);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#painters.map((painter) => painter.end()));
  }

  /** Its numbers rise; an answer that did not come says nothing, so the next one is higher. */
  #write(world: World, writer: number, state: { acknowledged: number; tried: number }): void {
    const round = async () => {
      const value = ++state.tried;
      const answer = await world.post(`/api/table/chaos/m${writer}`, value);
      if (answer?.status === 200) state.acknowledged = value;
    };
    this.#loops.push(new Loop(100, round));
  }
}
