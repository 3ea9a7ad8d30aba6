/** A Redis Cluster: found from one of its servers. Keys and channels are spread over its masters. */
import { setTimeout as wait } from 'node:timers/promises';
import { createCluster } from '@redis/client';
import type { Log } from '../../core/index.ts';
import {
  cannotStart,
  checkVersion,
  delay,
  type Link,
  type LinkOptions,
  type Listener,
  obstacleSince,
  type SendOptions,
} from './link.ts';

/** Of one attempt to connect, in ms. */
const CONNECT_MS = 5_000;
/** Between questions to a cluster that is not whole yet, in ms. */
const PROBE_MS = 100;

export class ClusterLink implements Link {
  readonly #cluster;
  readonly #options: LinkOptions;
  readonly #log: Log;
  readonly #whenReady: (() => void)[] = [];
  #isOpen = false;
  #isProbing = false;
  /** Unix ms; undefined: no master is away. */
  #awaySince: number | undefined;

  constructor(options: LinkOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    const { protocol, username, password } = new URL(options.url);
    this.#cluster = createCluster({
      RESP: 3,
      rootNodes: [{ url: options.url, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } }],
      defaults: {
        ...(username && { username: decodeURIComponent(username) }),
        ...(password && { password: decodeURIComponent(password) }),
        disableOfflineQueue: true,
        maintNotifications: 'disabled',
        socket: {
          connectTimeout: CONNECT_MS,
          reconnectStrategy: (retries) => this.#isOpen && delay(retries),
          ...(protocol === 'rediss:' && { tls: true }),
        },
      },
    });
    this.#cluster.on('error', (error: unknown) => this.#lost(error));
    this.#cluster.on('node-error', (error: unknown) => this.#lost(error));
    this.#cluster.on('node-ready', () => void this.#found());
  }

  get isReady(): boolean {
    return this.#isOpen && this.#awaySince === undefined;
  }

  get obstacle(): string | undefined {
    return obstacleSince(this.#awaySince);
  }

  onReady(task: () => void): void {
    this.#whenReady.push(task);
  }

  async open(): Promise<void> {
    try {
      await this.#cluster.connect();
      this.#isOpen = true;
      await checkVersion(this);
    } catch (cause) {
      await this.close();
      throw cannotStart(this.#options.url, cause);
    }
  }

  async close(): Promise<void> {
    const wasReady = this.isReady;
    this.#isOpen = false;
    const tooLate = setTimeout(() => this.#cluster.destroy(), this.#options.silenceMs);
    if (wasReady) await this.#cluster.close().catch(() => {}); // lost just now: there is nothing left to wait for
    clearTimeout(tooLate);
    this.#cluster.destroy();
  }

  send(key: string, args: (string | Buffer)[], options?: SendOptions): Promise<unknown> {
    return this.#cluster.sendCommand(key, false, args, options);
  }

  async subscribe(channels: string[], listener: Listener): Promise<void> {
    // One by one: those of a single command must be of one slot.
    await Promise.all(channels.map((channel) => this.#cluster.sSubscribe(channel, listener, true)));
  }

  async unsubscribe(channels: string[], listener: Listener): Promise<void> {
    await Promise.all(channels.map((channel) => this.#cluster.sUnsubscribe(channel, listener, true)));
  }

  async servers(): ReturnType<Link['servers']> {
    const clients = await Promise.all(
      this.#cluster.masters.map((master) => this.#cluster.nodeClient(master)),
    );
    return clients.map((client) => (args: string[]) => client.sendCommand(args));
  }

  async info(section: string): Promise<string> {
    const client = await this.#cluster.nodeClient(this.#cluster.getRandomNode());
    return client.info(section);
  }

  #lost(error: unknown): void {
    if (!this.#isOpen || this.#awaySince !== undefined) return;
    this.#awaySince = Date.now();
    this.#log.warn({ err: error }, 'a connection to the Redis Cluster is lost; trying to get it back');
  }

  /** A master is connected. */
  async #found(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    while (this.#isOpen && this.#awaySince !== undefined && this.#isConnected()) {
      if (await this.#isWhole()) {
        this.#log.info(`the Redis Cluster is back after ${Date.now() - this.#awaySince} ms`);
        this.#awaySince = undefined;
        for (const task of this.#whenReady) task();
      } else await wait(PROBE_MS);
    }
    this.#isProbing = false;
  }

  #isConnected(): boolean {
    return this.#cluster.masters.every(
      // Subscriptions have a connection of their own, which is ready when they are restored.
      ({ client, pubSub }) => client?.isReady && (pubSub === undefined || pubSub.client.isReady),
    );
  }

  /** Whether every master has found the others, and takes commands again. */
  async #isWhole(): Promise<boolean> {
    const asked = this.#cluster.masters.map(async ({ client }) => {
      const info = String(await client?.sendCommand(['CLUSTER', 'INFO']));
      return info.includes('cluster_state:ok');
    });
    const states = await Promise.all(asked).catch(() => [false]);
    return states.every((isOk) => isOk);
  }
}
