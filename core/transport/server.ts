/** The uWS app: listens, hands upgrades, messages and HTTP requests on, and survives what its callbacks throw. */
import type { LiveConnection, Opening } from '../live-connection.ts';
import type { Log } from '../log.ts';
import {
  type App,
  type HttpRequest,
  type HttpResponse,
  type us_listen_socket,
  type us_socket_context_t,
  uws,
  type WebSocket,
} from './uws.ts';

/** What a uWS socket carries from its upgrade on. */
export interface SocketData {
  /** Until it is open. */
  opening: Opening | undefined;
  /** From then on. */
  connection: LiveConnection | undefined;
}

export interface ServerHandlers {
  upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void;
  http(res: HttpResponse, req: HttpRequest): void;
  opened(opening: Opening, ws: WebSocket<SocketData>): LiveConnection;
  message(connection: LiveConnection, data: ArrayBuffer, isBinary: boolean): void;
  closed(connection: LiveConnection, code: number): void;
  drained(connection: LiveConnection): void;
  /** Called when the buffer of a reader is full and something was not sent. Perhaps during a delivery: it must not close at once. */
  dropped(connection: LiveConnection): void;
}

export interface ServerOptions {
  /** Longest message any endpoint accepts, in bytes. */
  readonly messageBytes: number;
  /** Bytes the transport buffers for a slow reader; above, it drops what it is given. */
  readonly bufferBytes: number;
  /** Seconds without a sign of life (pongs count) until a connection is taken for dead. */
  readonly idleTimeout: number;
}

export class Server {
  readonly app = uws.App() as App;
  readonly #log: Log;
  #listening: us_listen_socket[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Connects the handlers. Called once, when all limits are known and before the first `listen`. */
  attach(handlers: ServerHandlers, options: ServerOptions): void {
    this.app.ws<SocketData>('/*', {
      maxPayloadLength: options.messageBytes,
      maxBackpressure: options.bufferBytes,
      idleTimeout: options.idleTimeout,
      sendPingsAutomatically: true,
      upgrade: (res, req, context) => handlers.upgrade(res, req, context),
      open: (ws) => {
        const data = ws.getUserData();
        const { opening } = data;
        data.opening = undefined;
        if (opening === undefined) return;
        this.#guard(() => {
          data.connection = handlers.opened(opening, ws);
        });
      },
      message: (ws, data, isBinary) => {
        const { connection } = ws.getUserData();
        if (connection === undefined) return;
        connection.socket.corked = true;
        try {
          handlers.message(connection, data, isBinary);
        } catch (error) {
          this.#unexpected(error);
        }
        connection.socket.corked = false;
      },
      drain: (ws) => this.#with(ws, handlers.drained),
      dropped: (ws) => this.#with(ws, handlers.dropped),
      close: (ws, code) => this.#with(ws, (connection) => handlers.closed(connection, code)),
    });
    this.app.any('/*', (res, req) => handlers.http(res, req));
  }

  /**
   * @param host a name or an address; `0.0.0.0` and `::` are all interfaces.
   * @param port 0 for a free one.
   * @param isShared whether other processes of this user may listen there, too: Linux then gives each its part of the clients.
   * @returns the port; undefined when it cannot be had.
   */
  listen(host: string, port: number, isShared: boolean): number | undefined {
    let got: number | undefined;
    const listening = (socket: us_listen_socket | false) => {
      if (socket === false) return;
      this.#listening.push(socket);
      got = uws.us_socket_local_port(socket);
    };
    // uWS shares unless told otherwise: two hubs started by mistake would each get half of the clients.
    this.app.listen(host, port, isShared ? 0 : uws.LIBUS_LISTEN_EXCLUSIVE_PORT, listening);
    return got;
  }

  stopListening(): void {
    for (const socket of this.#listening) uws.us_listen_socket_close(socket);
    this.#listening = [];
  }

  /** Cuts every connection that is left. */
  close(): void {
    this.stopListening();
    this.app.close();
  }

  #with(ws: WebSocket<SocketData>, run: (connection: LiveConnection) => void): void {
    const { connection } = ws.getUserData();
    if (connection !== undefined) this.#guard(() => run(connection));
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#unexpected(error);
    }
  }

  /** An exception that left a callback would end the process. */
  #unexpected(error: unknown): void {
    this.#log.error({ err: error }, 'unexpected error in the transport');
  }
}
