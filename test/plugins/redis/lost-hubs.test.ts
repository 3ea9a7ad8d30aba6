/** What becomes of the leases and the presence of a hub whose process dies, or is stopped for a while. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { RedisPresence } from '../../../plugins/redis/presence.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { connect } from '../../helpers/hub.ts';
import { Queue } from '../../helpers/queue.ts';
import { redisHub, untilPresent } from './hubs.ts';
import type { Said } from './member.ts';
import { clientOf, ownPrefix, REDIS_URL, withRedis } from './service.ts';

/** How long a hub is stopped at least; with 0, until the others take it for dead. */
const PAUSE_SECONDS = Number(process.env.PAUSE_SECONDS ?? 0);

/** Terms and lives, in ms, where they may not be those of the plugin for the test to be quick. */
const SHORT_MS = 1_000;

const isHeld = ({ is }: SaidBy) => is === 'held';

await withRedis(() => {
  test('a hub is killed: another one comes to hold its lease, its connections are gone, and nothing of it is left', async (t) => {
    const prefix = ownPrefix(t);
    const said = await twoHubs(t, prefix);
    const watching = await redisHub(t, { prefix, store: false });
    const before = await said.next(isHeld);
    await connect(t, before.hub, '/?token=bob');
    await untilPresent(watching, 'bob');
    await before.hub.kill();
    const killed = performance.now();
    const after = await said.next(({ is, hub }) => is === 'held' && hub !== before.hub);
    t.ok(Number(after.fence) > Number(before.fence));
    await untilPresent(watching);
    // 10 s at most, unless the machine has other work: how long it was is told, not judged.
    t.comment(`after ${Math.round(performance.now() - killed)} ms`);
    const redis = await clientOf(REDIS_URL);
    t.teardown(() => redis.close());
    while ((await redis.exists(`${prefix}:1:present:c / all`)) === 1) await wait(20);
    while ((await redis.zCard(`${prefix}:1:hubs`)) !== 2) await wait(20);
    t.strictSame(await redis.keys(`${prefix}:1:entered:*`), []);
  });

  test('a hub is stopped for a while: it knows that it lost its lease, and its connections are present again', async (t) => {
    const prefix = ownPrefix(t);
    const said = await twoHubs(t, prefix, SHORT_MS);
    const present = await watcher(t, prefix);
    const { hub, fence } = await said.next(isHeld);
    await connect(t, hub, '/?token=bob');
    while ((await present()) !== 1) await wait(20);
    hub.child.kill('SIGSTOP');
    const pause = wait(1_000 * PAUSE_SECONDS);
    const other = await said.next((one) => one.is === 'held' && one.hub !== hub);
    t.ok(Number(other.fence) > Number(fence));
    while ((await present()) !== 0) await wait(20);
    await pause;
    hub.child.send('fence');
    hub.child.kill('SIGCONT');
    const woken = await said.next((one) => one.is === 'asked');
    t.equal(woken.fence, undefined);
    while ((await present()) !== 1) await wait(20);
    await other.hub.kill();
    const later = await said.next((one) => isHeld(one) && Number(one.fence) > Number(other.fence));
    t.equal(later.hub, hub, 'it takes the lease again when it is free');
  });
});

interface HubChild {
  readonly child: ChildProcess;
  readonly port: number;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

interface SaidBy extends Said {
  readonly hub: HubChild;
}

/** @param shortMs default: as the plugin has it. @returns what two hub processes say of a lease that both want. */
async function twoHubs(t: Test, prefix: string, shortMs?: number): Promise<Queue<SaidBy>> {
  const said = new Queue<SaidBy>();
  await Promise.all([startHub(t, said, prefix, shortMs), startHub(t, said, prefix, shortMs)]);
  return said;
}

async function startHub(t: Test, said: Queue<SaidBy>, prefix: string, shortMs?: number): Promise<void> {
  const file = join(import.meta.dirname, 'member.ts');
  const child = fork(file, [prefix, ...(shortMs === undefined ? [] : [`${shortMs}`])]);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  t.teardown(kill);
  const ready = Promise.withResolvers<HubChild>();
  // What it says before it serves is told once its port is known.
  child.on('message', async (message: Said | { readonly port: number } | { readonly key: string }) => {
    if ('port' in message) ready.resolve({ child, port: message.port, kill });
    // Whatever else: tap's own.
    else if ('is' in message) said.push({ ...message, hub: await ready.promise });
  });
  await ready.promise;
}

/** @returns how many connections are in the channel, as a further hub sees it. */
async function watcher(t: Test, prefix: string): Promise<() => Promise<number>> {
  const log = createLog('silent');
  const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, log);
  await link.open();
  t.teardown(() => link.close());
  const presence = new RedisPresence(link, new Keys(prefix), SHORT_MS, log);
  await presence.start('watching', () => {});
  t.teardown(() => presence.close());
  return async () => (await presence.others('c / all')).length;
}
