/** A single connection to one server, so that publications and subscriptions take effect in the order they were asked for. */
import { RedisClient } from '@redis/client';
import { CONNECT_MS, type Connection, within } from './connection.ts';
import type { Listener, SendOptions } from './link.ts';

/** Makes a client. What `createClient` of the library does for each server besides takes longer than to connect. */
export const newClient = RedisClient.factory();

function clientFor(url: string) {
  return newClient({
    url,
    // What may wait, and how long, is decided before a command is given to the client.
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
  });
}

/** What is asked of a server beyond that it answers. @throws Unfit */
type Examine = (server: ServerConnection) => Promise<void>;

export class ServerConnection implements Connection {
  readonly #client;
  readonly #examine: Examine | undefined;
  #isGone = false;

  private constructor(url: string, lost: (error: unknown) => void, examine: Examine | undefined) {
    this.#examine = examine;
    this.#client = clientFor(url);
    this.#client.on('error', lost);
    // It may be on its way still when it is given up.
    this.#client.on('connect', () => this.#isGone && this.#client.destroy());
  }

  /** @param lost is called when it breaks. @param signal ends the attempt. */
  static async open(
    url: string,
    lost: (error: unknown) => void,
    signal: AbortSignal,
    examine?: Examine,
  ): Promise<ServerConnection> {
    const connection = new ServerConnection(url, lost, examine);
    try {
      await within(signal, connection.#client.connect());
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  send(_key: string, args: (string | Buffer)[], options?: SendOptions): Promise<unknown> {
    return this.#client.sendCommand(args, options);
  }

  async sendTo(_key: string, args: (string | Buffer)[], options?: SendOptions) {
    return { answer: await this.#client.sendCommand(args, options), server: this.#client };
  }

  subscribe(channels: string[], listener: Listener): Promise<void> {
    return this.#client.sSubscribe(channels, listener, true);
  }

  unsubscribe(channels: string[], listener: Listener): Promise<void> {
    return this.#client.sUnsubscribe(channels, listener, true);
  }

  async servers(): ReturnType<Connection['servers']> {
    return [(args) => this.#client.sendCommand(args)];
  }

  info(section: string): Promise<string> {
    return this.#client.info(section);
  }

  async check(): Promise<void> {
    await this.#client.ping();
    await this.#examine?.(this);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  destroy(): void {
    this.#isGone = true;
    this.#client.destroy();
  }
}
