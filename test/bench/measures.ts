/** The three ways to get a sample: under load, by memory, by the clock from the start. */
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LoadSpec, Sample, Target, Timing } from './load/job.ts';
import { watch } from './machine.ts';
import { end, type Generator, type Server, startOnServerCore, startServer } from './processes.ts';

/** One of those that are compared. */
export interface Contender {
  readonly name: string;
  /** The file of its server. */
  readonly server: URL;
  /** Of the WebSocket or of the route. Default `/`. */
  readonly path?: string;
  /** Default: the JSON envelope. */
  readonly protocol?: Target['protocol'];
  /** Sessions beside those that get something, in scenarios that compare their numbers. Default: none. */
  readonly others?: number;
  /** Command line arguments, in the scenario of the start only. Default: none. */
  readonly arguments?: readonly string[];
}

export interface Context {
  readonly timing: Timing;
  /** Few connections, small grids: to see that everything runs. */
  readonly quick: boolean;
  readonly generator: Generator;
  /** Holds stored data of servers, is deleted after the scenario. */
  readonly folder: string;
  /** The running server of a contender: started at its first sample, shared by contenders of the same file. */
  server(contender: Contender): Promise<Server>;
}

export type Measure = (context: Context, contender: Contender) => Promise<Sample>;

/** @param small replaces parts of the load where the run is quick. */
export function underLoad<L extends LoadSpec>(load: L, small: Partial<L> = {}): Measure {
  return async (context, contender) => {
    const target = targetOf(contender, await context.server(contender));
    const { others } = contender;
    const full = others === undefined ? load : { ...load, others };
    const spec = context.quick ? { ...full, ...small } : full;
    return context.generator.run({ do: 'load', load: spec, target, timing: context.timing });
  };
}

/** Microseconds of the server's own process, not of those it started, for each unit of the load's value. */
export function processorTime(load: LoadSpec): Measure {
  return async (context, contender) => {
    const sample = await underLoad(load)(context, contender);
    const { value, detail, shares } = sample;
    return {
      ...sample,
      value: ((shares?.server ?? Number.NaN) * 1e6) / value,
      detail: { ...detail, 'per s': value },
    };
  };
}

/**
 * Resident memory of the server's process for each idle connection, in bytes, after garbage collection; the
 * kernel's part of a connection is not in it. A few connections come and go first, so that code and pools that
 * are made once do not count.
 */
export function idleMemory(connections: number, quickConnections: number): Measure {
  const FIRST = 200;
  /** Milliseconds until the last handshake's leftovers are gone. */
  const SETTLE = 500;
  return async (context, contender) => {
    await using server = await startServer(contender.server, context.folder);
    const target = targetOf(contender, server);
    const generator = context.generator;
    await generator.run({ do: 'hold', count: FIRST, target });
    await generator.run({ do: 'release' });
    await wait(SETTLE);
    const before = await server.memory();
    const count = context.quick ? quickConnections : connections;
    await generator.run({ do: 'hold', count, target });
    await wait(SETTLE);
    const after = await server.memory();
    const { value: held } = await generator.run({ do: 'release' });
    if (held < count) throw new Error(`only ${held} of ${count} idle connections were held`);
    const each = (bytes: (usage: NodeJS.MemoryUsage) => number) => (bytes(after) - bytes(before)) / count;
    return {
      value: each((usage) => usage.rss),
      detail: {
        held,
        'heap bytes': each((usage) => usage.heapUsed),
        'external bytes': each((usage) => usage.external),
      },
    };
  };
}

/** Milliseconds until a GET is answered, once the server has what it is asked about. */
export const answerTime: Measure = async (context, contender) => {
  const { pid, port } = await context.server(contender);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const text = await response.text();
    if (response.status !== 200 || text.length < 1_000) throw new Error(`${path} answered ${text}`);
  };
  const filled = await fetch(`http://127.0.0.1:${port}/fill`);
  if (!filled.ok) throw new Error(`the data could not be made: ${await filled.text()}`);
  await get(contender.path ?? '/');
  const shares = watch(pid);
  const start = performance.now();
  await get(contender.path ?? '/');
  return { value: performance.now() - start, detail: {}, shares: shares() };
};

/**
 * Milliseconds from the start of the process to the first byte of an HTTP answer. Rounds share the data folder:
 * the first one creates what is stored there, the others find it.
 */
export const startTime: Measure = async (context, contender) => {
  /** Milliseconds; and between two attempts to connect. */
  const DEADLINE = 20_000;
  const PAUSE = 1;
  const port = await freePort();
  const data = join(context.folder, contender.name);
  mkdirSync(data, { recursive: true });
  const start = performance.now();
  const child = startOnServerCore([fileURLToPath(contender.server), ...(contender.arguments ?? [])], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, HUB_PORT: String(port), HUB_DATA: data },
  });
  const shares = watch(child.pid ?? 0);
  try {
    for (;;) {
      const status = await firstLine(port, contender.path ?? '/').catch(() => undefined);
      // Processes that a server has started look foreign once they have ended, so that is not asked here.
      if (status?.includes(' 200 ')) {
        return { value: performance.now() - start, detail: {}, shares: { ...shares(), foreign: undefined } };
      }
      if (status !== undefined) throw new Error(`${contender.path} answered ${status}`);
      if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
      if (performance.now() - start > DEADLINE) throw new Error(`no answer in ${DEADLINE} ms`);
      await wait(PAUSE);
    }
  } finally {
    await end(child);
  }
};

export function targetOf(contender: Contender, server: Server): Target {
  const { path = '/', protocol = 'json' } = contender;
  return { port: server.port, serverPid: server.pid, path, protocol };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The status line of a GET; rejects when nothing listens yet. */
function firstLine(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1' });
    socket.setEncoding('latin1');
    socket.once('data', (text: string) => {
      resolve(text.slice(0, text.indexOf('\r\n')));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
  });
}
