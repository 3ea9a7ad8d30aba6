/** Readers that stop reading, and messages of every overflow for them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Test } from 'tap';
import { type Congestion, type Connection, type Hub, type Message, Type } from '../../core/index.ts';
import type { ConnectionLimits } from '../../core/limits.ts';
import { live } from '../../core/live-connection.ts';
import type { TestHub } from './hub.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { startWith } from './start-with.ts';

/** Of every connection, in bytes: small, so that little makes a reader slow. */
export const OUTBOX = 65_536;

const Numbered = Type.Object({
  type: Type.String(),
  n: Type.Integer(),
  key: Type.String(),
  pad: Type.String(),
});
export interface Numbered {
  readonly type: string;
  readonly n: number;
  readonly key: string;
}

/** One message type for each overflow, on an endpoint with a small outbox. */
export function overflows(limits: Partial<ConnectionLimits> = {}) {
  return (hub: Hub) => {
    const endpoint = hub.endpoint('/', {
      envelope: { type: 'type', content: 'content' },
      tokenInQuery: true,
      limits: { outboxBytes: OUTBOX, ...limits },
    });
    const factories = {
      MUST: endpoint.emits('MUST', Numbered, { overflow: 'close', bare: true }),
      MAY: endpoint.emits('MAY', Numbered, { overflow: 'drop', bare: true }),
      STATE: endpoint.emits('STATE', Numbered, { overflow: 'latest', bare: true }),
    };
    const connections: Connection[] = [];
    const congestions: Congestion[] = [];
    const closes: number[] = [];
    let wake = Promise.withResolvers<void>();
    hub.hooks.authenticate.tap(({ token }) => ({ user: token, claims: {}, expiresAt: undefined }));
    hub.hooks.opened.tap((connection) => void connections.push(connection));
    hub.hooks.congested.tap((congestion) => void congestions.push(congestion));
    hub.hooks.closed.tap(({ code }) => {
      closes.push(code);
      wake.resolve();
      wake = Promise.withResolvers<void>();
    });
    const untilClosed = async () => {
      while (closes.length === 0) await wake.promise;
    };
    const make = (type: keyof typeof factories, n: number, size = 0, key = ''): Message =>
      factories[type]({ type, n, key, pad: 'x'.repeat(size) }, key);
    const { MUST, MAY, STATE } = factories;
    /** What slow readers cost so far. */
    const counts = () => ({
      closed: MUST.type.congestion.closed + STATE.type.congestion.closed,
      dropped: MAY.type.congestion.dropped,
      replaced: STATE.type.congestion.replaced,
    });
    return { hub, endpoint, make, counts, connections, congestions, closes, untilClosed };
  };
}
export type Parts = ReturnType<ReturnType<typeof overflows>>;

/** A client in the channel `all`, acting for that user. */
export async function member(t: Test, hub: TestHub, parts: Parts, user: string) {
  const client = await connectRaw(t, hub, `/?token=${user}`);
  const connection = parts.connections.at(-1);
  if (connection === undefined) throw new Error('not connected');
  await parts.hub.channels.join(connection, 'all');
  return { client, connection };
}

type Deliver = (parts: Parts, to: Connection, message: Message) => void;
const sendTo: Deliver = (_parts, to, message) => to.send(message);

/**
 * Stops reading, and has the hub send until nothing more fits into any buffer on the way.
 * @returns how many messages of 8 KB it took.
 */
export async function stall(
  client: RawClient,
  connection: Connection,
  parts: Parts,
  deliver: Deliver = sendTo,
): Promise<number> {
  client.socket.pause();
  let sent = 0;
  // Node and the kernels take some more for a while, which ends the congestion again.
  for (let congestedTurns = 0; congestedTurns < 10; congestedTurns++) {
    while (!live(connection).socket.isCongested) {
      if (!connection.isOpen) throw new Error('it was closed instead');
      deliver(parts, connection, parts.make('MUST', sent++, 8_192));
      congestedTurns = 0;
      await nextTurn();
    }
    await nextTurn();
  }
  return sent;
}

export function read(texts: readonly string[]): Numbered[] {
  return texts.map((text) => JSON.parse(text));
}

/** Reads until a message that the hub sends now. @returns what came before it. */
export async function catchUp(
  client: RawClient,
  connection: Connection,
  { make }: Parts,
): Promise<Numbered[]> {
  client.socket.resume();
  connection.send(make('MUST', -1));
  await client.until((text) => text.includes('"n":-1,'));
  return read(client.take()).slice(0, -1);
}

/** The ways a message gets to a slow reader: each must keep the same promises. */
export const WAYS: Record<string, Deliver> = {
  'sent to it': sendTo,
  'published to its channel': ({ hub }, _to, message) => hub.notify.channels(['all'], message),
  'published with a filter': ({ hub }, _to, message) =>
    hub.notify.channels(['all'], message, { filter: () => true }),
  'published to two of its channels': ({ hub }, _to, message) => hub.notify.channels(['all', 'too'], message),
  'sent to its user': ({ hub }, _to, message) => hub.notify.users(['slow'], message),
};

/** A stalled reader and one that reads, both in `all`. */
export async function slowAndQuick(t: Test, limits: Partial<ConnectionLimits> = {}) {
  const { hub, parts } = await startWith(t, overflows(limits));
  const quick = await member(t, hub, parts, 'quick');
  const slow = await member(t, hub, parts, 'slow');
  await parts.hub.channels.join(slow.connection, 'too');
  const filled = await stall(slow.client, slow.connection, parts);
  const before = parts.counts();
  return { hub, parts, quick, slow, filled, before };
}
