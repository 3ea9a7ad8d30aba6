/** A field on hubs with Redis, of which any may die or be cut off, by the real clock. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import tap, { type Test, test } from 'tap';
import irrigation from '../../../plugins/irrigation/index.ts';
import redis from '../../../plugins/redis/index.ts';
import { type Client, connect, startHub, type TestHub } from '../../helpers/hub.ts';
import { untilReady } from '../redis/hubs.ts';
import { ownPrefix, REDIS_URL, wayTo, withRedis } from '../redis/service.ts';
import { history, openBoard, openDashboard, SECRET } from './field-kit.ts';

function start(t: Test, options: Parameters<typeof redis>[0]): Promise<TestHub> {
  return startHub(t, { identity: { secret: SECRET }, plugins: [irrigation(), redis(options)] });
}

async function startProcess(t: Test, prefix: string) {
  const child = fork(new URL('./redis-hub.ts', import.meta.url), [prefix, SECRET]);
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = await once(child, 'message');
  return { child, port: Number(port) };
}

async function openBoardAt(t: Test, port: number, hub: TestHub, id: string): Promise<Client> {
  const token = await hub.identity.sign(`board ${id}`, { controller: id });
  return connect(t, { port }, `/?token=${token}`, { typeField: 'event' });
}

const command = (controller: string, seconds: number) => ({
  event: 'start_irrigation',
  data: { controller, zones: ['zone1'], seconds },
});
const reading = (n: number) => ({ event: 'temperature', data: { time: n, record: n } });

/** Records that are stored of a controller. */
async function stored(hub: TestHub, controller: string, event = 'temperature'): Promise<number[]> {
  const { json } = await history(hub, controller, event, { limit: 10_000 });
  return (json.rows ?? []).map(({ data }: { data: { record: number } }) => data.record);
}

await withRedis(() => {
  // At the same time: most of it is waiting.
  tap.jobs = 2;

  test('a hub is killed while valves are open: another one has each closed once, and all readings are there once', async (t) => {
    const prefix = ownPrefix(t);
    // The first one looks after the field.
    const there = await startProcess(t, prefix);
    const here = await start(t, { prefix });
    const ann = await openDashboard(t, here);
    const north = await openBoardAt(t, there.port, here, 'north');
    await ann.next('controller_online');
    const south = await openBoard(t, here, 'south');
    await ann.next('controller_online');
    for (const [id, board] of [
      ['north', north],
      ['south', south],
    ] as const) {
      ann.send(command(id, 2));
      await board.next('start_irrigation');
      t.equal((await ann.next('accepted')).data.state, 'sent');
    }
    const sent = Array.from({ length: 300 }, (_, i) => reading(i));
    for (const one of sent) north.send(one);
    while ((await ann.next('temperature')).data.record < 100);
    there.child.kill('SIGKILL');
    await north.closed;

    const back = await openBoard(t, here, 'north');
    // It does not know what has arrived.
    for (const one of sent) back.send(one);
    back.send({ event: 'end', data: {} });
    const closed = async (id: string, board: Client) => {
      t.match(await board.next('stop_irrigation'), { data: { zones: ['zone1'] } });
      board.send({ event: 'irrigation_stopped', data: { time: 1_000_000, zones: ['zone1'] } });
      board.send({ event: 'closed', data: {} });
      while ((await stored(here, id, 'closed')).length === 0) await wait(20);
      t.strictSame(board.waiting, []);
      const { json } = await history(here, id, 'command');
      t.equal(json.rows.filter(({ data }: { data: { by: string } }) => data.by === 'hub').length, 1);
    };
    await Promise.all([closed('north', back), closed('south', south)]);
    await ann.next('end');
    t.strictSame(
      await stored(here, 'north'),
      sent.map((_, i) => i),
    );
  });

  test('a hub that is cut off from Redis closes the valves of its controllers, and shows afterwards what it missed', async (t) => {
    const prefix = ownPrefix(t);
    const way = await wayTo(t, REDIS_URL);
    const here = await start(t, { prefix });
    const there = await start(t, { prefix, url: way.url, waitMs: 0 });
    const [ann, ben] = [await openDashboard(t, here), await openDashboard(t, there, 'ben')];
    const south = await openBoard(t, here, 'south');
    for (const dashboard of [ann, ben]) await dashboard.next('controller_online');
    const north = await openBoard(t, there, 'north');
    await ann.next('controller_online');
    ann.send(command('north', 2));
    await north.next('start_irrigation');
    t.equal((await ann.next('accepted')).data.state, 'sent');
    await ben.next('command');
    way.cut();
    await untilReady({ hub: there }, 503);
    for (let n = 1; n <= 20; n++) south.send(reading(n));
    while ((await ann.next('temperature')).data.record < 20);
    north.send(reading(1));
    t.match(
      await north.next('error'),
      { data: { code: 'not_stored' } },
      'it keeps the reading, and tells it again',
    );
    t.match(await north.next('stop_irrigation'), { data: { zones: ['zone1'] } });
    await way.restore();
    const seen: number[] = [];
    do seen.push((await ben.next('temperature')).data.record);
    while (seen.at(-1) !== 20);
    t.strictSame(
      seen,
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    north.send(reading(1));
    t.match(await ann.next('temperature'), { data: { controller: 'north' } });
  });
});
