/** Three hubs and 300 clients, while hubs and Redis are killed, stopped and started again at random. */
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import { withRedis } from '../plugins/redis/service.ts';
import { Events } from './events.ts';
import { Fields } from './fields.ts';
import { Graphs } from './graphs.ts';
import { Rooms } from './rooms.ts';
import { Tables } from './tables.ts';
import { World } from './world.ts';

const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 32));
/** How often something bad happens. */
const TROUBLES = Number(process.env.CHAOS_TROUBLES ?? 5);
/** Milliseconds between two of them, at most. */
const PAUSE = 1_000;

await withRedis(() => {
  test(`whatever dies, what was acknowledged is there once, all agree, and gaps are told; seed ${SEED}`, async (t) => {
    const random = numbersFrom(SEED);
    const world = await World.start(t, random);
    const traffic = [
      await Tables.start(world, 60),
      new Graphs(world, 60),
      await Events.start(world, 60),
      await Rooms.start(world, 60),
      await Fields.start(world, 40, 20),
    ];
    for (let i = 0; i < TROUBLES; i++) {
      await wait(PAUSE * random());
      t.comment(await world.trouble());
    }
    await world.untilReady();
    await Promise.all(traffic.map((one) => one.stop()));
    for (const one of traffic) await one.check(t, world);
    await Promise.all(traffic.map((one) => one.end()));
  });
});

/** From 0 to 1, without 1; the same for the same seed (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
