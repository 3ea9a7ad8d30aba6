/** A connection as the core sees it: what plugins see, and the parts that carry it. */
import { CLOSE_CODES, type CloseReason } from './close-codes.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { type ErrorReport, HubError } from './errors.ts';
import type { Failures } from './failures.ts';
import type { HookPoints } from './hooks.ts';
import type { Identity } from './identity.ts';
import type { TokenBucket } from './limits.ts';
import type { Mailbox } from './mailbox.ts';
import type { Message } from './messages.ts';
import type { ErrorObject } from './schema.ts';
import type { FanOut } from './transport/fanout.ts';
import { Socket, type SocketOwner, type TurnQueue } from './transport/socket.ts';

/** RFC 6455, 5.5: a control frame carries 125 bytes, the close code among them. */
const MAX_REASON_BYTES = 123;

/** What is known of a connection when it opens. */
export interface Opening {
  readonly endpoint: Endpoint<unknown>;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  readonly address: string;
  readonly identity: Identity | undefined;
}

/** The parts of the hub every connection uses. */
export interface ConnectionServices {
  readonly turnQueue: TurnQueue;
  readonly fanOut: FanOut;
  readonly hooks: HookPoints;
  readonly failures: Failures;
  readonly identify: (connection: LiveConnection, token: string) => Promise<Identity>;
  readonly forget: (connection: LiveConnection) => Promise<void>;
}

export class LiveConnection implements Connection<unknown>, SocketOwner {
  readonly id: string;
  readonly endpoint: Endpoint<unknown>;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  readonly address: string;
  readonly openedAt = Date.now();
  data: unknown;
  identity: Identity | undefined;

  /** Until taps of `opened` were told of it: before that, no tap of `closed` is. */
  isOpening = true;
  readonly socket: Socket;
  /** Made by the first message: most connections of a large hub only listen. */
  bucket: TokenBucket | undefined;
  /** Messages refused for their rate, less those accepted after. */
  refusals = 0;
  /** Made when a handler first returns a promise. */
  mailbox: Mailbox | undefined;
  /** uWS topics it is in; undefined: none yet. */
  topics: Set<string> | undefined;
  /** Channels it is in, as the plugin calls them. */
  channelNames: Set<string> | undefined;
  /** Channels the plugin put it into, beside those it joined. */
  assigned: Set<string> | undefined;
  /** Runs out when the token expires, or the time to authenticate. */
  deadline: NodeJS.Timeout | undefined;
  readonly #services: ConnectionServices;
  #isClosing = false;

  constructor(id: string, opening: Opening, services: ConnectionServices) {
    this.id = id;
    this.endpoint = opening.endpoint;
    this.path = opening.path;
    this.params = opening.params;
    this.query = opening.query;
    this.address = opening.address;
    this.identity = opening.identity;
    this.#services = services;
    this.socket = new Socket(services.turnQueue, this);
  }

  get isOpen(): boolean {
    return this.socket.isOpen && !this.#isClosing;
  }

  get channels(): readonly string[] {
    return [...(this.channelNames ?? [])];
  }

  get outboxBytes(): number {
    return this.endpoint.limits.outboxBytes;
  }

  send(message: Message): void {
    if (message.type.endpoint !== this.endpoint) {
      throw new HubError(
        'internal',
        `message "${message.type.name}" of ${message.type.endpoint.name} sent to a connection of ${this.endpoint.name}`,
      );
    }
    // Encodes now, so that a message that does not match its schema fails here, at its sender.
    message.text;
    this.socket.send(message);
  }

  /** Tells the client of an error, the endpoint's way. Never throws: what is under way must go on. */
  sendError(report: ErrorReport, invalid?: readonly ErrorObject[]): void {
    try {
      this.send(this.endpoint.errorMessage(report, invalid));
    } catch (failure) {
      // The envelope's own error function or a tap of `outbound` failed: the client cannot be told.
      const { plugin, name } = this.endpoint;
      this.#services.failures.report(plugin, `the error message of ${name}`, failure);
    }
  }

  close(code: number, reason: string): void {
    // uWS cuts bytes, perhaps through a character, which clients take for a protocol error.
    const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
    const close = () => this.socket.close(code, reason.slice(0, read));
    if (this.isOpening) {
      // uWS must not lose a socket while it opens it.
      this.#isClosing = true;
      setImmediate(close);
    } else close();
  }

  /** @param delay ms after which to reconnect, in place of the one that the reason has. */
  closeFor(why: CloseReason, delay?: number): void {
    const { code, reason } = CLOSE_CODES[why];
    this.close(code, delay === undefined ? reason : reason.replace(/\d+/, `${delay}`));
  }

  identify(token: string): Promise<Identity> {
    return this.#services.identify(this, token);
  }

  forget(): Promise<void> {
    return this.#services.forget(this);
  }

  congested(waiting: number): void {
    this.#services.fanOut.congested(this);
    setImmediate(() => {
      if (this.isOpen) this.#services.hooks.congested.call({ connection: this, waiting });
    });
  }

  overflowed(): void {
    setImmediate(() => this.closeFor('tooSlow'));
  }
}

/** The core's own view of a connection that came back from a plugin. */
export function live(connection: Connection<unknown>): LiveConnection {
  if (connection instanceof LiveConnection) return connection;
  throw new TypeError('not a connection of this hub');
}
