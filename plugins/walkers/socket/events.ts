/** The events that clients send. */
import {
  CLOSE_CODES,
  type Connection,
  type Hub,
  HubError,
  JsonText,
  type Message,
} from '../../../core/index.ts';
import type { AsyncRuns } from '../async-runs.ts';
import type { Call, CallResult } from '../call.ts';
import { callerOf, rootOf } from '../callers.ts';
import type { Delivery, Engine } from '../engine.ts';
import type { Options } from '../options.ts';
import type { Turn } from '../order.ts';
import type { LoadedWalker } from '../runtime/library.ts';
import { answerOf, entryProblem, settableFields } from '../serving.ts';
import {
  ChangeUserEvent,
  ChannelEvent,
  ClientEvent,
  ConnectionEvent,
  type Socket,
  UserEvent,
  WalkerEvent,
} from './endpoint.ts';
import { groupOfChannel, groupOfRoot, isGroupOfRoot, Visitor } from './visitor.ts';

export interface SocketParts {
  readonly socket: Socket;
  readonly delivery: Delivery;
  readonly engine: Engine;
  readonly asyncRuns: AsyncRuns;
  readonly options: Options;
}

export function answerEvents(hub: Hub, parts: SocketParts): void {
  const { socket, delivery, options } = parts;
  const { endpoint, connected, onInTurn } = socket;
  const welcome = ({ data: { clientId, root, channelId } }: Connection<Visitor>) =>
    connected({ data: { client_id: clientId, root_id: root, channel_id: channelId } });
  keepGroups(hub, parts, welcome);

  onInTurn('connection', ConnectionEvent, async (_event, connection) => {
    await connection.data.entering;
    return welcome(connection);
  });
  endpoint.on('walker', WalkerEvent, (event, connection) => answerInTurn(event, connection, parts), {
    concurrent: true,
  });
  onInTurn('user', UserEvent, ({ root_ids: ids, data }, connection) => {
    assertMay(options.userEvents, connection, 'user');
    delivery('users', ids, textOf(data));
  });
  onInTurn('channel', ChannelEvent, async ({ channel_ids: ids, data }, connection) => {
    await connection.data.entering;
    assertMay(options.channelEvents, connection, 'channel', ids);
    delivery('channels', ids, textOf(data));
  });
  onInTurn('client', ClientEvent, ({ client_ids: ids, data }, connection) => {
    assertMay(options.clientEvents, connection, 'client');
    delivery('clients', ids, textOf(data));
  });
  onInTurn('change_user', ChangeUserEvent, async ({ token }, connection) => {
    if (token === undefined || token === null || token === '') await connection.forget();
    else await connection.identify(token.replace(/^Bearer\s+/i, ''));
    await connection.data.entering;
    return welcome(connection);
  });
}

/** Every connection is in the group of its channel and in that of its root, whatever becomes of its identity. */
function keepGroups(
  hub: Hub,
  { socket, engine }: SocketParts,
  welcome: (connection: Connection<Visitor>) => ReturnType<Socket['connected']>,
): void {
  // One after the other: whatever it was on its way into is left again by the next one.
  const enter = async (connection: Connection<unknown>, visitor: Visitor, before?: Promise<void>) => {
    // How that ended was told.
    await before?.catch(() => undefined);
    await hub.channels.join(connection, groupOfChannel(visitor.channelId));
    const group = groupOfRoot(visitor.root);
    await hub.channels.join(connection, group);
    for (const name of connection.channels) {
      if (isGroupOfRoot(name) && name !== group) hub.channels.leave(connection, name);
    }
    visitor.caller = await callerOf(connection.identity, engine.users);
  };
  const entering = (connection: Connection<unknown>, visitor: Visitor) => {
    const entered = enter(connection, visitor, visitor.entering).finally(() => {
      if (visitor.entering === entered) visitor.entering = undefined;
    });
    visitor.entering = entered;
    return entered;
  };
  hub.hooks.opened.tap(async (connection) => {
    if (!isOurs(connection, socket)) return;
    try {
      await entering(connection, connection.data);
      connection.send(welcome(connection));
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const { code, reason } = CLOSE_CODES.refused;
      connection.close(code, `${reason}: ${error.message}`);
    }
  });
  hub.hooks.identified.tap(({ connection }) => {
    if (!isOurs(connection, socket)) return;
    const { data: visitor } = connection;
    hub.channels.leave(connection, groupOfRoot(visitor.root));
    visitor.root = rootOf(connection.identity);
    return entering(connection, visitor);
  });
}

function isOurs(connection: Connection<unknown>, { endpoint }: Socket): connection is Connection<Visitor> {
  return connection.endpoint === endpoint && connection.data instanceof Visitor;
}

/** @throws HubError `forbidden` when the connection may not send such events. */
function assertMay(
  who: Options['userEvents'],
  { identity, data }: Connection<Visitor>,
  type: string,
  channels?: readonly string[],
): void {
  if (who === 'anybody') return;
  if (who === 'nobody') throw new HubError('forbidden', `${type} events are not allowed here`);
  if (who === 'members' && channels !== undefined) {
    const other = channels.find((id) => id !== data.channelId);
    if (other !== undefined)
      throw new HubError('forbidden', `${type} events may only be sent by members of the channel ${other}`);
  } else if (identity === undefined) {
    throw new HubError('forbidden', `${type} events may only be sent by logged-in users`);
  }
}

async function answerInTurn(
  event: WalkerEvent,
  connection: Connection<Visitor>,
  { socket, engine, asyncRuns }: SocketParts,
) {
  const { data: visitor } = connection;
  const turn = visitor.order.next();
  try {
    let isWanted = true;
    if (!turn.hasCome && !mayRunAhead(event, visitor, engine, turn)) {
      await turn.come;
      // Of those who have left, what has not begun is not done.
      isWanted = connection.isOpen;
    }
    if (visitor.entering !== undefined) await visitor.entering;
    if (engine.loaded !== undefined) await engine.loaded;
    const asked = isWanted ? askedFor(event, visitor, engine, turn) : undefined;
    let answer: Message | undefined;
    if (typeof asked === 'string') answer = socket.failed({ error: asked });
    else if (asked?.walker.specs.async === true) {
      const id = await asyncRuns.begin(asked);
      if (event.response) answer = socket.answer({ status: 200, walker_id: id });
    } else if (asked !== undefined) {
      const result = await engine.run(asked, (data) => connection.send(socket.data(data)));
      if (event.response || !result.ok) answer = messageOf(asked.walker, result, socket);
    }
    if (!turn.hasCome) await turn.come;
    // Not left to the core: it has to be sent before anything of the next event is.
    if (answer !== undefined) connection.send(answer);
    turn.end();
  } catch (error) {
    if (!turn.hasCome) await turn.come;
    // Afterwards the core tells the client.
    setImmediate(() => turn.end());
    throw error;
  }
}

/** @returns why it is not run, in words for the client. */
function askedFor(
  event: WalkerEvent,
  { caller, client }: Visitor,
  engine: Engine,
  turn: Turn,
): Call | string {
  const walker = engine.walkers.get(event.walker);
  const node = event.node ?? undefined;
  if (walker === undefined || walker.specs.private || !walker.specs.methods.includes('websocket'))
    return `Event ${event.walker.slice(0, 100)} does not exist!`;
  const { auth } = walker.specs;
  if (auth !== (caller.user !== null))
    return `Event ${walker.name} requires to be ${auth ? 'authenticated' : 'unauthenticated'}!`;
  const problem = entryProblem(walker, node);
  if (problem !== undefined) return `Event ${walker.name} ${problem}!`;
  return { walker, fields: settableFields(walker, event.context), caller, node, client, turn };
}

function messageOf(walker: LoadedWalker, result: CallResult, socket: Socket): Message {
  if (result.ok) return socket.answer(answerOf(walker, result).body);
  if (result.errors === undefined) return socket.failed({ error: result.message });
  const details = result.errors.map((one) => ({ ...one, loc: ['context', ...one.loc] }));
  return socket.refused({ error: details });
}

/** Whether running it now comes to the same as when its turn has come. */
function mayRunAhead(
  { walker: name, node }: WalkerEvent,
  { entering }: Visitor,
  engine: Engine,
  { isNear }: Turn,
) {
  if (!isNear || entering !== undefined || (node ?? undefined) !== undefined) return false;
  const walker = engine.walkers.get(name);
  return walker !== undefined && !walker.specs.async && engine.mayRunAhead(walker);
}

function textOf(data: unknown): JsonText {
  return new JsonText(JSON.stringify(data));
}
