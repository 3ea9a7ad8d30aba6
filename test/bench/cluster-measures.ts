/** What only hubs on one Redis are asked for: the way over Redis, many channels, and doing nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@redis/client';
import type { LoadSpec } from './load/job.ts';
import { type Measure, targetOf, underLoad } from './measures.ts';
import { startServer } from './processes.ts';
import { CHANNELS_EACH, IDLE_HUBS, REDIS_URL } from './servers/cluster.ts';

/** Redis looks like somebody else who uses the machine. */
const withRedis = (measure: Measure): Measure => {
  return async (context, contender) => {
    const sample = await measure(context, contender);
    return { ...sample, ...(sample.shares && { shares: { ...sample.shares, foreign: undefined } }) };
  };
};

export const underLoadWithRedis = (load: LoadSpec, small: Partial<LoadSpec> = {}): Measure =>
  withRedis(underLoad(load, small));

/** Microseconds that the way over Redis adds: the same load at the contender's path and at `/local`, the values subtracted. */
export function addedTime(load: LoadSpec): Measure {
  const measure = underLoadWithRedis(load);
  return async (context, contender) => {
    const over = await measure(context, contender);
    const local = await measure(context, { ...contender, path: '/local' });
    return { ...over, value: over.value - local.value, detail: { 'local µs': local.value } };
  };
}

/**
 * What each of many channels costs that get their first member: microseconds until all are in force, or bytes of resident memory,
 * its copies in Redis not counted. A few are joined and left first.
 */
export function channelCost(what: 'time' | 'memory', channels: number): Measure {
  /** Milliseconds until the handshakes' leftovers are gone. */
  const SETTLE = 500;
  return async (context, contender) => {
    await using server = await startServer(contender.server, context.folder);
    const target = targetOf(contender, server);
    const { generator } = context;
    const join = async (connections: number) => {
      await generator.run({ do: 'hold', count: connections, target });
      await wait(SETTLE);
      const before = await server.memory();
      const start = performance.now();
      const response = await fetch(`http://127.0.0.1:${server.port}/join`);
      const { channels: joined } = (await response.json()) as { channels: number };
      const time = performance.now() - start;
      const after = await server.memory();
      await generator.run({ do: 'release' });
      if (joined < connections * CHANNELS_EACH) throw new Error(`only ${joined} channels were joined`);
      const each = (amount: number) => amount / joined;
      return { time: each(time * 1_000), memory: each(after.rss - before.rss) };
    };
    await join(1);
    await wait(SETTLE);
    const value = (await join(context.quick ? 2 : channels / CHANNELS_EACH))[what];
    return { value, detail: {} };
  };
}

/** Microseconds of processor time that a hub takes in a second in which nothing happens. */
export function idleTime(seconds: number): Measure {
  return async (context, contender) => {
    const server = await context.server(contender);
    const redis = await createClient({ url: REDIS_URL }).connect();
    const commands = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
    // Timers of the start are over then.
    await wait(context.timing.warmup * 1_000);
    const length = context.quick ? context.timing.seconds : seconds;
    const [before, asked] = [processorTime(server.pid), await commands()];
    await wait(length * 1_000);
    const [after, askedThen] = [processorTime(server.pid), await commands()];
    await redis.close();
    const each = (amount: number) => amount / length / IDLE_HUBS;
    const detail: Record<string, number> = {};
    // All contenders run, so that these commands are those of hubs on Redis whoever is measured.
    if (contender.name !== 'alone') detail['commands/s at Redis'] = each(askedThen - asked);
    return { value: each(after - before), detail };
  };
}

/** Microseconds of all threads so far; Linux only. */
function processorTime(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1_000;
}
