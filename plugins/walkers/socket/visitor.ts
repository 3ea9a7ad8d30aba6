/** What is known of a connection: its names on the wire, its channel, and whom it acts for. */
import { randomBytes } from 'node:crypto';
import { type Connection, HubError } from '../../../core/index.ts';
import { type Caller, PUBLIC, rootOf } from '../callers.ts';
import { Order } from '../order.ts';

/** Characters of a channel's name. */
const MOST_NAME = 256;

export class Visitor {
  /** `<Unix s>:<id of the connection>` */
  readonly clientId: string;
  readonly channelId: string;
  /** What walkers see of it. */
  readonly client: { readonly client_id: string; readonly channel_id: string };
  /** Of its events that run walkers. */
  readonly order = new Order();
  /** Whom it acts for. */
  root: string;
  caller: Caller = PUBLIC;
  /** Settles when it is in its groups and its caller is known; undefined: that is so. */
  entering: Promise<void> | undefined;

  /** @throws HubError when the name of the channel is too long. */
  constructor(connection: Connection<undefined>) {
    const seconds = Math.floor(connection.openedAt / 1_000);
    this.clientId = `${seconds}:${connection.id}`;
    this.root = rootOf(connection.identity);
    const given = new URLSearchParams(connection.query).get('channel_id') ?? '';
    if (given.length > MOST_NAME)
      throw new HubError('invalid_request', `channel_id has more than ${MOST_NAME} characters`);
    this.channelId = given === '' ? `${seconds}:${randomBytes(16).toString('hex')}` : given;
    this.client = { client_id: this.clientId, channel_id: this.channelId };
  }
}

/** The id of the connection in a client's name; undefined when it is no such name. */
export function connectionIdOf(clientId: string): string | undefined {
  return /^\d{1,12}:([0-9a-f]{32})$/.exec(clientId)?.[1];
}

/** Groups of connections, apart from each other: a client names its channel as it likes. */
export const groupOfChannel = (id: string) => `channel ${id}`;
export const groupOfRoot = (id: string) => `root ${id}`;
export const isGroupOfRoot = (group: string) => group.startsWith('root ');
