/** Presence: who is connected to any hub of the cluster, as far as the endpoints tell of it. */
import { type ChannelRegistry, channelTopic, userTopic } from './channels.ts';
import type { Endpoint } from './endpoint.ts';
import type { Failures } from './failures.ts';
import type { Leases } from './leases.ts';
import type { LiveConnection } from './live-connection.ts';
import type { Log } from './log.ts';
import type { EndpointTable } from './paths.ts';
import type { PresenceTable } from './presence/port.ts';

/** Longest text that tells of a connection, in characters. */
const LONGEST_INFO = 1_000;

/** A connection to whichever hub of the cluster. */
export interface Present {
  /** Id of the connection: a target of `notify.clients`. */
  readonly client: string;
  /** undefined: anonymous. */
  readonly user: string | undefined;
  /** As the `presence` of the endpoint told. */
  readonly info: string;
}

/**
 * Who is connected, on whichever hub. Connections of endpoints that have `presence` are present in the channels they joined
 * and under their user. While the others cannot be asked, it is those of this hub.
 */
export interface Presence {
  /** One look-up, in no order. */
  inChannel<D>(endpoint: Endpoint<D>, channel: string): Promise<readonly Present[]>;
  /** One look-up, in no order. */
  ofUser<D>(endpoint: Endpoint<D>, user: string): Promise<readonly Present[]>;
  /**
   * Calls `task` when hubs are gone, and with them the presence of their connections: at most 10 s after one died.
   * Its errors are contained.
   * @throws StartError after set-up.
   */
  onGone(task: () => void): void;
}

/** What a connection is told as; a user in the same way on every hub. */
type Told = readonly [user: string | null, info: string];

/** Tells the other hubs of connections. */
export class PresenceEntries {
  readonly #table: PresenceTable | undefined;
  readonly #failures: Failures;

  /** @param table undefined: there are no other hubs. */
  constructor(table: PresenceTable | undefined, failures: Failures) {
    this.#table = table;
    this.#failures = failures;
  }

  /**
   * The member is in the group, or what is told of it may have changed.
   * @param channel undefined: the group is that of its user.
   */
  entered(member: LiveConnection, group: string, channel?: string): void {
    if (this.#table === undefined || member.endpoint.options.presence === undefined) return;
    const told = this.told(member, channel);
    if (told === undefined) this.#table.leave(group, member.id);
    else this.#table.enter(group, { client: member.id, text: JSON.stringify(told) });
  }

  left(member: LiveConnection, group: string): void {
    if (member.endpoint.options.presence !== undefined) this.#table?.leave(group, member.id);
  }

  /** undefined: it is not told of. */
  told(member: LiveConnection, channel: string | undefined): Told | undefined {
    const { endpoint } = member;
    try {
      const info = endpoint.options.presence?.(member, channel);
      if (info === undefined) return undefined;
      if (info.length > LONGEST_INFO) throw new RangeError(`longer than ${LONGEST_INFO} characters`);
      return [member.identity?.user ?? null, info];
    } catch (error) {
      this.#failures.report(endpoint.plugin, `presence of ${endpoint.name}`, error);
      return undefined;
    }
  }
}

interface GoneTask {
  readonly plugin: string;
  readonly run: () => void;
}

export class PresenceService {
  readonly #table: PresenceTable | undefined;
  readonly #entries: PresenceEntries;
  readonly #channels: ChannelRegistry;
  readonly #failures: Failures;
  readonly #log: Log;
  readonly #gone: GoneTask[] = [];
  #isStarted = false;

  constructor(
    table: PresenceTable | undefined,
    entries: PresenceEntries,
    channels: ChannelRegistry,
    failures: Failures,
    log: Log,
  ) {
    this.#table = table;
    this.#entries = entries;
    this.#channels = channels;
    this.#failures = failures;
    this.#log = log;
  }

  /** @param assertOpen throws once set-up is over. */
  forPlugin(plugin: string, assertOpen: (what: string) => void): Presence {
    return {
      inChannel: (endpoint, channel) => this.#in(endpoint, channelTopic(endpoint, channel), channel),
      ofUser: (endpoint, user) => this.#in(endpoint, userTopic(endpoint, user), undefined),
      onGone: (run) => {
        assertOpen('a task for hubs that are gone');
        this.#gone.push({ plugin, run });
      },
    };
  }

  /** Nothing is told, and nothing is paid, when no endpoint has presence. */
  async start(node: string, endpoints: EndpointTable, leases: Leases): Promise<void> {
    const table = this.#table;
    if (table === undefined || ![...endpoints].some(({ options }) => options.presence !== undefined)) return;
    const sweeper = leases.open('core', 'presence', () => {});
    const sweep = () => {
      if (sweeper.fence === undefined) return;
      table.sweep().catch((error: unknown) => {
        this.#log.warn({ err: error }, 'what hubs that are gone left behind could not be removed yet');
      });
    };
    sweeper.onHeld(sweep);
    await table.start(node, () => {
      sweep();
      this.#tellGone();
    });
    this.#isStarted = true;
  }

  async stop(): Promise<void> {
    if (this.#isStarted) await this.#table?.close();
  }

  async #in<D>(
    endpoint: Endpoint<D>,
    group: string,
    channel: string | undefined,
  ): Promise<readonly Present[]> {
    const present: Present[] = [];
    if (endpoint.options.presence === undefined) return present;
    // Those of other hubs first: the own ones are then as they are when it returns.
    const others = this.#isStarted ? await this.#others(group) : [];
    for (const { client, text } of others) {
      const told: Told = JSON.parse(text);
      present.push(asPresent(client, told));
    }
    for (const member of this.#channels.membersOf(group)) {
      // Members that were assigned to the channel did not join it.
      const isIn = channel === undefined || member.channelNames?.has(channel) === true;
      const told = isIn ? this.#entries.told(member, channel) : undefined;
      if (told !== undefined) present.push(asPresent(member.id, told));
    }
    return present;
  }

  async #others(group: string) {
    try {
      return (await this.#table?.others(group)) ?? [];
    } catch {
      return [];
    }
  }

  #tellGone(): void {
    for (const { plugin, run } of this.#gone) {
      try {
        run();
      } catch (error) {
        this.#failures.report(plugin, 'onGone', error);
      }
    }
  }
}

function asPresent(client: string, [user, info]: Told): Present {
  return { client, user: user ?? undefined, info };
}
