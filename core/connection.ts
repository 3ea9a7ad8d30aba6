/** A connection as plugins see it. */
import type { Endpoint } from './endpoint.ts';
import type { Identity } from './identity.ts';
import type { Message } from './messages.ts';

/** One open WebSocket. Every method is safe after the close: nothing happens then. */
export interface Connection<D = unknown> {
  /** 32 hex digits, not guessable; the first 8 name the hub process. Also the target of `notify.clients`. */
  readonly id: string;
  readonly endpoint: Endpoint<unknown>;
  /** The path it was opened on, one of the endpoint's. */
  readonly path: string;
  /** Values of the path's parameters, such as `{ id }` for `/clients/:id`, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The query of the upgrade request, without `?`. */
  readonly query: string;
  /** The remote address; behind trusted proxies, the one they report. */
  readonly address: string;
  /** Unix ms. */
  readonly openedAt: number;
  /** Whose token the connection holds; undefined: anonymous. */
  readonly identity: Identity | undefined;
  readonly isOpen: boolean;
  /** The channels it joined. */
  readonly channels: readonly string[];
  /** The plugin's own state of this connection, made by the endpoint's `data`. */
  readonly data: D;

  /**
   * Sends a message in order with all others to this connection.
   * @throws HubError `internal` when the message is of another endpoint, or does not match its schema where that is checked.
   */
  send(message: Message): void;
  /** Closes after what was sent. @param code 4000–4999, see the close codes. @param reason at most 123 bytes. */
  close(code: number, reason: string): void;
  /**
   * Verifies a token and makes the connection act for its user. Its channels are authorised again.
   * @throws HubError `unauthorized` or `token_expired`; the identity it had stays.
   */
  identify(token: string): Promise<Identity>;
  /** Makes the connection anonymous again. Its channels are authorised again. */
  forget(): Promise<void>;
}
