/** The endpoint `/ws`: events as the front end of Pydio Cells knows them. */
import {
  CLOSE_CODES,
  type Connection,
  type Hub,
  HubError,
  JsonText,
  type MessageFactory,
  type TSchema,
  Type,
} from '../../../core/index.ts';
import type { Clock } from '../clock.ts';
import type { Delivery } from '../delivery.ts';
import { newSession, type Session } from '../sessions/sessions.ts';
import { ActivityEvent, IdmEvent, NodeChange, TaskEvent } from './schemas.ts';
import { ACTIVITY, IDM, META, TASKS, TREE } from './topics.ts';

const MESSAGE_BYTES = 2_048;
/** What the oldest clients send is no JSON. */
const PLAIN = /^register:(.*)$/s;

const Subscribe = Type.Object({ jwt: Type.String({ default: '' }) });

/** Opens the endpoint. @returns puts a connection into the channels of its session. */
export function openCells(hub: Hub, delivery: Delivery, clock: Clock) {
  const endpoint = hub.endpoint<Session>(['/ws', '/ws/event'], {
    envelope: {
      type: '@type',
      error: ({ message }) => ({ '@type': 'error', error: message }),
      invalid: 'close',
      unknown: 'ignore',
      fallback: (text) => {
        const [, jwt] = PLAIN.exec(text) ?? [];
        return jwt === undefined ? undefined : { '@type': 'register', jwt };
      },
    },
    limits: { messageBytes: MESSAGE_BYTES },
    data: (connection) => newSession(connection, clock),
    summary: 'Events as Pydio Cells sends them.',
  });
  const nodes = endpoint.emits('node', NodeChange, { overflow: 'close', bare: true });
  const tasks = endpoint.emits('task', TaskEvent, { overflow: 'close', bare: true });
  const idm = endpoint.emits('idm', IdmEvent, { overflow: 'close' });
  const activity = endpoint.emits('activity', ActivityEvent, { overflow: 'close' });
  const messages = new Map<string, MessageFactory<TSchema>>([
    [TREE, nodes],
    [META, nodes],
    [TASKS, tasks],
    [IDM, idm],
    [ACTIVITY, activity],
  ]);
  delivery.add({
    endpoint,
    channels: (topic, keys) => (messages.has(topic) ? keys : []),
    message: (topic, text) => {
      const make = messages.get(topic);
      if (make === undefined) throw new Error(`${topic} is no topic of Cells`);
      return make(new JsonText(text));
    },
  });

  const subscribe = async ({ jwt }: { jwt: string }, connection: Connection<Session>) => {
    try {
      if (jwt === '') throw new HubError('unauthorized', 'empty jwt');
      await connection.identify(jwt);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      // After the error, which is sent when this has failed.
      setImmediate(() => connection.close(CLOSE_CODES.unauthorized.code, CLOSE_CODES.unauthorized.reason));
      throw error;
    }
  };
  endpoint.on('subscribe', Subscribe, subscribe, { summary: 'Begins a session, or replaces it.' });
  endpoint.on('register', Subscribe, subscribe, { summary: 'As subscribe, for older clients.' });
  endpoint.on('unsubscribe', Type.Object({}), (_content, connection) => connection.forget(), {
    summary: 'Ends the session; the connection stays.',
  });

  return {
    endpoint,
    // Without a session, nothing: not even what everybody gets.
    place: (connection: Connection<Session>) =>
      hub.channels.assign(
        connection,
        connection.identity === undefined ? [] : connection.data.recipient.keys,
      ),
  };
}
