/** Starts a real hub on a free port, and real clients of it; all of it ends with the test. */
import { once } from 'node:events';
import tap, { type Test } from 'tap';
import WebSocket from 'ws';
import { completeConfig } from '../../config/load.ts';
import type { UserConfig } from '../../config/schema.ts';
import type { Broker } from '../../core/broker/port.ts';
import { type PreparedHub, prepareHub } from '../../core/hub.ts';
import type { LeaseTable } from '../../core/leases/port.ts';
import { createLog } from '../../core/log.ts';
import type { PresenceTable } from '../../core/presence/port.ts';

export interface TestHub extends PreparedHub {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  /** Of all hubs, where there are two: see two-hubs.ts. */
  readonly origins: readonly string[];
  /** Log entries so far, or since `forgetLog`. */
  readonly logged: readonly Record<string, unknown>[];
  forgetLog(): void;
  /** Resolves when every hub has done what the others sent until now; at once where there is one: see two-hubs.ts. */
  settled(): Promise<void>;
}

export interface TestOptions extends UserConfig {
  readonly broker?: Broker;
  readonly leases?: LeaseTable;
  readonly presence?: PresenceTable;
  /** Whether outgoing messages that do not match their schema are part of the test. */
  readonly allowInvalidOutgoing?: boolean;
  /** Why the test is about one hub process, where those of its file run on two hubs as well. */
  readonly single?: string;
}

type Start = (t: Test, options: TestOptions) => Promise<TestHub>;
let start: Start = startOne;

/** From now on tests are given hubs by another function, unless they need a single one or bring its parts. */
export function startHubsBy(other: Start): void {
  start = other;
}

/** In memory unless `store` or `data` is given. Fails the test when an outgoing message does not match its schema. */
export function startHub(t: Test, options: TestOptions = {}): Promise<TestHub> {
  const { single, broker, leases, presence } = options;
  const isOne = [single, broker, leases, presence].some((given) => given !== undefined);
  return isOne ? startOne(t, options) : start(t, options);
}

/** As `startHub`, always one. */
export async function startOne(t: Test, options: TestOptions): Promise<TestHub> {
  const { single: _, broker, leases, presence, allowInvalidOutgoing = false, ...given } = options;
  const store = given.data === undefined ? 'memory' : 'sqlite';
  // The clients of a test that ends need not be parted gently.
  const limits = { reconnectMs: 0, ...given.limits };
  const config = completeConfig(
    { store, host: '127.0.0.1', ports: [0], logLevel: 'debug', ...given, limits },
    import.meta.filename,
  );
  const logged: Record<string, unknown>[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(JSON.parse(line)) });
  const invalid: string[] = [];
  const hub = await prepareHub(config, {
    log,
    onInvalidOutgoing: (problem) => void invalid.push(problem),
    ...(broker && { broker }),
    ...(leases && { leases }),
    ...(presence && { presence }),
  });
  t.teardown(async () => {
    await hub.stop();
    // Thrown, because tap takes no assertions once the test itself has ended.
    if (!allowInvalidOutgoing && invalid.length > 0) throw new Error(invalid.join('\n'));
  });
  const [address] = await hub.listen();
  const port = address?.port ?? 0;
  const settled = () => Promise.resolve();
  const forgetLog = () => {
    logged.length = 0;
  };
  const origin = `http://127.0.0.1:${port}`;
  return Object.assign(hub, { port, origin, origins: [origin], logged, forgetLog, settled });
}

/**
 * A hub that the tests of a file share, where nothing in them needs one of its own: starting it is most of their work. It is started
 * for the first of them, and ends with the file. Every test begins with an empty log, and makes users of its own.
 * @param start what a test would call, and what it returns; `lasting` stands for the file.
 */
export function shared<T extends { readonly hub: TestHub }>(start: (lasting: Test) => Promise<T>) {
  let started: Promise<T> | undefined;
  return async (): Promise<T> => {
    started ??= start(tap);
    const parts = await started;
    parts.hub.forgetLog();
    return parts;
  };
}

/** Messages as tests look at them: fields are checked by the assertions. */
// biome-ignore lint/suspicious/noExplicitAny: what a test asserts about a message is its type check
export type Received = any;

export interface Client {
  readonly socket: WebSocket;
  /** Objects are sent as JSON, strings as they are. */
  send(message: unknown): void;
  /** The next message not yet taken; with `type`, the next of that `type`, passing over others. JSON is parsed. */
  next(type?: string): Promise<Received>;
  /** Messages that arrived and were not taken. */
  readonly waiting: Received[];
  /** As `settled` of the hub it is connected to. */
  settled(): Promise<void>;
  /** How the connection ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export interface ConnectOptions {
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
  /** Field that names the type of a message. Default `type`. */
  readonly typeField?: string;
}

/** Connects to a path of the hub. Rejects when the upgrade is refused. */
export async function connect(
  t: Test,
  hub: { readonly port: number; settled?(): Promise<void> },
  path: string,
  { headers = {}, protocols = [], typeField = 'type' }: ConnectOptions = {},
): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}${path}`, protocols, {
    headers,
    maxPayload: 2 ** 28,
  });
  t.teardown(() => socket.terminate());
  const waiting: Received[] = [];
  let wake = Promise.withResolvers<void>();
  const arrived = () => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  socket.on('message', (data) => {
    const text = String(data);
    try {
      waiting.push(JSON.parse(text));
    } catch {
      waiting.push(text);
    }
    arrived();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: String(reason) });
      arrived();
    });
  });
  await once(socket, 'open');
  socket.on('error', () => {});
  const next = async (type?: string): Promise<Received> => {
    for (;;) {
      const message = waiting.shift();
      if (message !== undefined && (type === undefined || message[typeField] === type)) return message;
      if (message !== undefined) continue;
      if (socket.readyState === WebSocket.CLOSED) {
        const { code, reason } = await closed;
        throw new Error(`closed with ${code} ${reason} while waiting for ${type ?? 'a message'}`);
      }
      await wake.promise;
    }
  };
  const send = (message: unknown) =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const settled = async () => hub.settled?.();
  return { socket, send, next, waiting, settled, closed };
}
