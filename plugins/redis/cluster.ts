/** A Redis Cluster: found from one of its servers. Keys and channels are spread over its masters. */
import { ErrorReply, RedisCluster } from '@redis/client';
import type { Log } from '../../core/index.ts';
import { CONNECT_MS, type Connection, checkRole, Unfit, within } from './connection.ts';
import { LastingLink } from './lasting.ts';
import type { LinkOptions, Listener, SendOptions } from './link.ts';

/** What the client of the cluster says when it moves subscriptions to another server, during which messages may pass them by. */
const MOVING = '__resubscribeListeners';
const REDIRECTED = /^(MOVED|ASK) /;

export class ClusterLink extends LastingLink {
  readonly #options: LinkOptions;
  /** From which the others are found: any of them may be away. */
  #roots: readonly Root[] = [];

  /** @param log says which of the hub's connections this is. */
  constructor(options: LinkOptions, log: Log) {
    super(options, new URL(options.url).host, log);
    this.#options = options;
  }

  protected async connect(lost: (error: unknown) => void, signal: AbortSignal): Promise<Connection> {
    const connection = await ClusterConnection.open(this.#options, this.#roots, lost, signal);
    this.#roots = await within(signal, connection.roots());
    return connection;
  }
}

interface Root {
  readonly host: string;
  readonly port: number;
}

/** As `newClient`. */
const newCluster = RedisCluster.factory();

function clusterFor({ url, silenceMs }: LinkOptions, roots: readonly Root[]) {
  const { protocol, username, password } = new URL(url);
  // For a server that takes connections, and then says nothing.
  const socket = { socketTimeout: Math.max(silenceMs, CONNECT_MS) };
  return newCluster({
    rootNodes: [{ url, socket }, ...roots.map((root) => ({ socket: { ...root, ...socket } }))],
    defaults: {
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      socket: {
        connectTimeout: CONNECT_MS,
        reconnectStrategy: false,
        ...(protocol === 'rediss:' && { tls: true }),
      },
    },
  });
}

class ClusterConnection implements Connection {
  readonly #cluster;
  #isGone = false;
  /** The client of a cluster forgets what it closes, and could not destroy it any more. */
  #closing: { destroy(): void }[] = [];

  private constructor(options: LinkOptions, roots: readonly Root[], lost: (error: unknown) => void) {
    this.#cluster = clusterFor(options, roots);
    for (const event of ['error', 'node-error', 'sharded-channel-moved-error']) this.#cluster.on(event, lost);
    this.#cluster.removeAllListeners(MOVING);
    this.#cluster.on(MOVING, () => lost(new Unfit('a server is not a master of the cluster any more')));
    // One may be on its way still when they are given up.
    this.#cluster.on('node-connect', () => this.#isGone && this.#cluster.destroy());
  }

  static async open(
    options: LinkOptions,
    roots: readonly Root[],
    lost: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<ClusterConnection> {
    // Until it is open, a server that cannot be reached is passed over for another one.
    let isOpen = false;
    const connection = new ClusterConnection(options, roots, (error) => isOpen && lost(error));
    try {
      await within(signal, connection.#cluster.connect());
      isOpen = true;
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Addresses of all servers, those of replicas included. */
  async roots(): Promise<Root[]> {
    const client = await this.#cluster.nodeClient(this.#cluster.getRandomNode());
    const shards = await client.clusterSlots();
    const nodes = shards.flatMap(({ master, replicas }) => [master, ...replicas]);
    const known = new Map(nodes.map(({ host, port }) => [`${host}:${port}`, { host, port }]));
    return [...known.values()];
  }

  async send(key: string, args: (string | Buffer)[], options?: SendOptions): Promise<unknown> {
    try {
      return (await this.sendTo(key, args, options)).answer;
    } catch (error) {
      if (!(error instanceof ErrorReply && REDIRECTED.test(error.message))) throw error;
      return this.#cluster.sendCommand(key, false, args, options);
    }
  }

  async sendTo(key: string, args: (string | Buffer)[], options?: SendOptions) {
    const server = await this.#cluster.getNodeClientForKey(key, false);
    return { answer: await server.sendCommand(args, options), server };
  }

  async subscribe(channels: string[], listener: Listener): Promise<void> {
    // One by one: those of a single command must be of one slot.
    await Promise.all(channels.map((channel) => this.#cluster.sSubscribe(channel, listener, true)));
  }

  async unsubscribe(channels: string[], listener: Listener): Promise<void> {
    await Promise.all(channels.map((channel) => this.#cluster.sUnsubscribe(channel, listener, true)));
  }

  async servers(): ReturnType<Connection['servers']> {
    return (await this.#masters()).map((client) => (args) => client.sendCommand(args));
  }

  async info(section: string): Promise<string> {
    const client = await this.#cluster.nodeClient(this.#cluster.getRandomNode());
    return client.info(section);
  }

  /** Every master, and every connection to one, answers; and all of them have found the others. */
  async check(): Promise<void> {
    const masters = await this.#masters();
    const listening = this.#cluster.masters.map(
      ({ pubSub }) => pubSub?.client.isReady && pubSub.client.ping(),
    );
    const states = masters.map(async (client) => {
      await client.ping(); // else while it loads its data
      const info = String(await client.sendCommand(['CLUSTER', 'INFO']));
      if (!info.includes('cluster_state:ok')) throw new Unfit('the cluster lacks a master');
      checkRole(await client.info('replication'));
    });
    await Promise.all([...states, ...listening]);
  }

  async close(): Promise<void> {
    this.#closing = this.#cluster.masters
      .flatMap(({ client, pubSub }) => [client, pubSub?.client])
      .filter((client) => client !== undefined);
    await this.#cluster.close();
  }

  destroy(): void {
    this.#isGone = true;
    this.#cluster.destroy();
    for (const client of this.#closing) client.destroy();
  }

  #masters() {
    return Promise.all(this.#cluster.masters.map((master) => this.#cluster.nodeClient(master)));
  }
}
