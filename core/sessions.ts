/** The life of connections: opening, identity and its expiry, closing. */
import type { ChannelRegistry } from './channels.ts';
import { CLOSE_CODES } from './close-codes.ts';
import type { Connections } from './connections.ts';
import { HubError } from './errors.ts';
import type { Failures } from './failures.ts';
import type { HookPoints } from './hooks.ts';
import type { Identity, TokenIdentity } from './identity.ts';
import { type ConnectionServices, LiveConnection, type Opening } from './live-connection.ts';
import { MAX_DELAY } from './timers.ts';
import type { FanOut } from './transport/fanout.ts';
import type { SocketData } from './transport/server.ts';
import type { TurnQueue } from './transport/socket.ts';
import type { WebSocket } from './transport/uws.ts';

/** A connection is told so long before its token expires, in ms. */
const EXPIRY_WARNING = 30_000;

export class Sessions {
  readonly #connections: Connections;
  readonly #channels: ChannelRegistry;
  readonly #hooks: HookPoints;
  readonly #identity: TokenIdentity;
  readonly #failures: Failures;
  readonly #services: ConnectionServices;

  constructor(
    connections: Connections,
    channels: ChannelRegistry,
    hooks: HookPoints,
    identity: TokenIdentity,
    failures: Failures,
    transport: { readonly turnQueue: TurnQueue; readonly fanOut: FanOut },
  ) {
    this.#connections = connections;
    this.#channels = channels;
    this.#hooks = hooks;
    this.#identity = identity;
    this.#failures = failures;
    this.#services = {
      ...transport,
      hooks,
      failures,
      identify: (connection, token) => this.#identify(connection, token),
      forget: (connection) => this.#become(connection, undefined),
    };
  }

  open(opening: Opening, ws: WebSocket<SocketData>): LiveConnection {
    const connection = new LiveConnection(this.#connections.newId(), opening, this.#services);
    connection.socket.opened(ws);
    this.#connections.add(connection);
    const { endpoint } = opening;
    if (endpoint.options.data !== undefined) {
      try {
        connection.data = endpoint.options.data(connection as LiveConnection & { readonly data: undefined });
      } catch (error) {
        this.#refuse(connection, error);
        return connection;
      }
    }
    this.#channels.opened(connection);
    this.#watchIdentity(connection);
    this.#hooks.opened.call(connection);
    connection.isOpening = false;
    return connection;
  }

  closed(connection: LiveConnection, code: number): void {
    connection.socket.closed();
    clearTimeout(connection.deadline);
    connection.mailbox?.clear();
    this.#connections.remove(connection);
    this.#channels.closed(connection);
    if (!connection.isOpening) this.#hooks.closed.call({ connection, code });
  }

  #refuse(connection: LiveConnection, error: unknown): void {
    const { plugin, name } = connection.endpoint;
    const { code, reason } = CLOSE_CODES.refused;
    const isRefusal = error instanceof HubError && error.code !== 'internal';
    if (!isRefusal) this.#failures.report(plugin, `data of ${name}`, error);
    connection.close(code, isRefusal ? error.message : reason);
  }

  async #identify(connection: LiveConnection, token: string): Promise<Identity> {
    const identity = await this.#identity.verify(token.replace(/^Bearer\s+/i, ''), connection.endpoint.name);
    await this.#become(connection, identity);
    return identity;
  }

  async #become(connection: LiveConnection, identity: Identity | undefined): Promise<void> {
    if (!connection.isOpen) return;
    const before = connection.identity;
    if (before === undefined && identity === undefined) return;
    connection.identity = identity;
    this.#watchIdentity(connection);
    await this.#channels.reauthorize(connection, before?.user);
    this.#hooks.identified.call({ connection, before });
  }

  /** Waits for a token where one is needed; warns before it expires, and acts when it has. */
  #watchIdentity(connection: LiveConnection): void {
    clearTimeout(connection.deadline);
    const { options, limits } = connection.endpoint;
    if (connection.identity === undefined) {
      // Also after the identity was lost: the client may send a new token.
      if (options.auth === undefined || options.auth === 'optional') return;
      connection.deadline = setTimeout(() => connection.closeFor('unauthorized'), limits.authenticationMs);
      return;
    }
    const { expiresAt } = connection.identity;
    if (expiresAt === undefined) return;
    this.#at(connection, expiresAt - EXPIRY_WARNING, () => {
      const seconds = Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
      connection.sendError({ code: 'token_expiring', message: `the token expires in ${seconds} s` });
      this.#at(connection, expiresAt, () => this.#expire(connection));
    });
  }

  #expire(connection: LiveConnection): void {
    const { auth, expired = auth === 'required' ? 'close' : 'anonymous' } = connection.endpoint.options;
    if (expired === 'close') connection.closeFor('tokenExpired');
    else {
      connection.sendError({
        code: 'token_expired',
        message: 'the token has expired; the connection is anonymous now',
      });
      void this.#become(connection, undefined);
    }
  }

  #at(connection: LiveConnection, time: number, run: () => void): void {
    const delay = Math.max(0, time - Date.now());
    const step = delay > MAX_DELAY ? () => this.#at(connection, time, run) : run;
    connection.deadline = setTimeout(step, Math.min(delay, MAX_DELAY));
  }
}
