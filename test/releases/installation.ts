/** What a release left in Redis and said to other hubs, as a file of the repository keeps it. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createClient, RESP_TYPES } from '@redis/client';

/** Of another process, which is gone: presence and leases of its hub, and what it holds in memory. */
const FLEETING = /^PREFIX:\d+:(leases|hubs|present|entered)/;
const PREFIX = /\bPREFIX\b/g;

export interface Recording {
  /** By key, in which `PREFIX` stands for the prefix: the value as Redis' `DUMP` gives it, in base64. */
  readonly keys: Readonly<Record<string, string>>;
  /** What was published while it spoke: channel, in the same form, and bytes in base64. */
  readonly frames: readonly (readonly [channel: string, bytes: string])[];
}

const connectTo = (url: string) =>
  createClient({ url })
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    .connect();

export async function dumpKeys(url: string, prefix: string): Promise<Recording['keys']> {
  const client = await connectTo(url);
  const keys: Record<string, string> = {};
  for await (const found of client.scanIterator({ MATCH: `${prefix}:*`, COUNT: 10_000 })) {
    for (const key of found) {
      const name = key.toString().replaceAll(prefix, 'PREFIX');
      const value = FLEETING.test(name) ? null : await client.dump(key);
      if (value !== null) keys[name] = value.toString('base64');
    }
  }
  await client.close();
  return Object.fromEntries(Object.entries(keys).sort());
}

export async function restoreKeys(url: string, prefix: string, { keys }: Recording): Promise<void> {
  const client = await connectTo(url);
  for (const [name, value] of Object.entries(keys))
    await client.restore(name.replace(PREFIX, prefix), 0, Buffer.from(value, 'base64'));
  await client.close();
}

/** Publishes what the hub of the other release did. */
export async function sayAgain(url: string, prefix: string, { frames }: Recording): Promise<void> {
  const client = await connectTo(url);
  for (const [channel, bytes] of frames)
    await client.sPublish(channel.replace(PREFIX, prefix), Buffer.from(bytes, 'base64'));
  await client.close();
}

/** Listens to what hubs with this prefix publish. @returns a function that ends it and gives what was heard. */
export async function overhear(url: string, prefix: string): Promise<() => Recording['frames']> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write('MONITOR\r\n');
  await once(socket, 'data');
  return () => {
    socket.destroy();
    // A line: time, client, and each argument in quotes, with what is no printable ASCII escaped as C does.
    const commands = text
      .split('\r\n')
      .map((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => bytesOf(word)));
    return commands.flatMap(([command, channel, bytes]) => {
      const name = channel?.toString();
      if (command?.toString() !== 'SPUBLISH' || !name?.startsWith(`${prefix}:`) || bytes === undefined)
        return [];
      return [[name.replaceAll(prefix, 'PREFIX'), bytes.toString('base64')] as const];
    });
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

function bytesOf(word: string): Buffer {
  const latin = word.replace(/\\(x[0-9a-f]{2}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
  return Buffer.from(latin, 'latin1');
}
