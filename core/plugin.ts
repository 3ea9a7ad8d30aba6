/** The plugin contract: what a plugin is, and what the hub offers it. */
import type { FastifyInstance } from 'fastify';
import type { Static, TObject } from 'typebox';
import type { Broker } from './broker/port.ts';
import type { Channels } from './channels.ts';
import type { Connection } from './connection.ts';
import type { Endpoint, EndpointOptions } from './endpoint.ts';
import type { Hooks } from './hooks.ts';
import type { IdentityService } from './identity.ts';
import type { Lease } from './lease.ts';
import type { LeaseTable } from './leases/port.ts';
import type { Line, LineHears } from './lines.ts';
import type { Log } from './log.ts';
import type { Notify } from './notify.ts';
import type { PresenceTable } from './presence/port.ts';
import type { Presence } from './presence.ts';
import type { ReadyAnswer } from './shortcuts.ts';
import type { Store } from './store/port.ts';
import type { State } from './store/state.ts';
import type { Stream, StreamHears } from './stream.ts';

/** Version of the plugin API, which `api` of a plugin is checked against. Follows semantic versioning. */
export const API_VERSION = '1.0.0';

/** Services plugins offer each other by `provide` and `use`; plugins add theirs by declaration merging. */
// biome-ignore lint/suspicious/noEmptyInterface: plugins fill it
export interface Services {}

/** A command a plugin adds to the CLI: `hub <group> <name>`. */
export interface PluginCommand {
  readonly name: string;
  /** Default: the plugin's name. A group belongs to one plugin. */
  readonly group?: string;
  /** Whether it runs when only the group is given. One of a group may be. */
  readonly isDefault?: boolean;
  readonly summary: string;
  /** Positional arguments as in a usage line: `<required>`, `[optional]`. */
  readonly args?: readonly string[];
  /** Options as in a usage line, with their explanation: `{ '--json': 'prints JSON', '--as <email>': 'user to act for' }`. */
  readonly options?: Readonly<Record<string, string>>;
  /**
   * Runs after set-up, with the store open and no port. Standard output belongs to it.
   * @param input arguments in order, and options by name without dashes.
   */
  run(input: CommandInput): Promise<void>;
}
export interface CommandInput {
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  print(line: string): void;
}

/** A plugin's own part of the store; the hub opens and closes it. */
export type PluginStore = Omit<Store, 'close' | 'contents'>;

/** What a plugin's `setup` gets. Registering anything after set-up is an error. */
export interface Hub {
  /**
   * Opens an endpoint.
   * @param paths one path, or several that mean the same; parameters as in `/clients/:id`.
   * @throws StartError when one is taken, naming both plugins.
   */
  endpoint<D = undefined>(paths: string | readonly string[], options: EndpointOptions<D>): Endpoint<D>;
  /** A Fastify instance of the plugin's own, on the same ports. */
  readonly http: FastifyInstance;
  /**
   * Answers GET requests for what many clients poll, before Fastify sees them. The path must be a route of `http`, too: it serves
   * what the shortcut leaves to it, among them requests of web pages from other origins and percent-encoded parameters.
   * No hook sees these requests, so nothing that only some may read belongs here.
   * @param path with parameters as in `/tables/:name/hash`.
   * @param answer must be synchronous, and only look up what is ready.
   * @throws StartError when the path is taken.
   */
  shortcut(path: string, answer: ReadyAnswer): void;
  readonly hooks: Hooks;
  readonly notify: Notify;
  readonly channels: Channels;
  readonly presence: Presence;
  /** The plugin's own part of the store: names do not meet those of other plugins. */
  readonly store: PluginStore;
  readonly identity: IdentityService;
  readonly log: Log;
  /** The open connections of a user on this hub process, of all endpoints. Looks through all connections: not for the path of a message. */
  connectionsOf(user: string): readonly Connection<unknown>[];
  /** What the whole hub was configured with. */
  readonly config: HubFacts;
  /** Aborted when the hub stops. */
  readonly signal: AbortSignal;
  /**
   * Runs `task` every `ms` milliseconds while the hub serves. It never overlaps with itself; an error is contained.
   * @param task gets a signal that is aborted when the hub stops, or no longer holds the lease.
   */
  every(
    name: string,
    ms: number,
    task: (signal: AbortSignal) => void | Promise<void>,
    options?: EveryOptions,
  ): void;
  /**
   * Small state in a readable file of the data folder, which people may edit while the hub is stopped.
   * @throws StartError when it was opened before.
   */
  state<T extends object>(name: string, defaults: T): Promise<State<T>>;
  /** @throws StartError when its group belongs to another plugin. */
  command(command: PluginCommand): void;
  /**
   * Adds what changes at run time to the document of the HTTP routes, such as paths below one route with a wildcard.
   * @param paths is asked for the part of the document whenever somebody reads that; such a route is hidden there itself.
   */
  document(paths: () => DocumentPaths): void;
  /**
   * A line to this plugin on the other hubs of the cluster. It carries what channels do not: what each hub has to decide
   * or keep for itself.
   * @param name without spaces.
   * @throws StartError when the plugin has a line of this name.
   */
  line(name: string, hears: LineHears): Line;
  /**
   * A stream of this plugin over the cluster: every hub receives the entries of all, its own too, in the same order, and what it
   * missed from what is kept. It costs a round trip to the broker before this hub receives what it appended itself; without other
   * hubs, nothing.
   * @param name letters, digits, `_`, `-`, `.`.
   * @throws StartError when the plugin has a stream of this name.
   */
  stream<O>(name: string, hears: StreamHears<O>): Stream<O>;
  /** What one hub of the cluster does at a time. The same name is the same lease. */
  lease(name: string): Lease;
  /** Offers a service to plugins that require this one. */
  provide<K extends keyof Services>(name: K, service: Services[K]): void;
  /**
   * As `provide`, for a service that has to know who uses it: made for each plugin when it first asks.
   * @param make gets the plugin's name.
   */
  provideEach<K extends keyof Services>(name: K, make: (plugin: string) => Services[K]): void;
  /** @throws StartError when no plugin provides it. */
  use<K extends keyof Services>(name: K): Services[K];
  /** As `use`, for a service this plugin can do without: undefined when no plugin set up before it provides it. */
  find<K extends keyof Services>(name: K): Services[K] | undefined;
  /**
   * Adds to what `/health/ready` tells: while it gets a reason, the hub is not ready.
   * @param reason in plain words, without secrets; undefined: none. It is asked with every request, and must be synchronous.
   */
  readyUnless(reason: () => string | undefined): void;
  /** All plugins are set up; ports are not open yet. */
  onReady(task: () => void | Promise<void>): void;
  /** The hub takes on no more work and waits for what runs. */
  onDrain(task: () => void | Promise<void>): void;
  /** The last thing, in reverse order of set-up; the store is still open. */
  onClose(task: () => void | Promise<void>): void;
}

export interface EveryOptions {
  /**
   * Runs on one hub of the cluster at a time: the one that holds the lease of the task's name. When that moves to another hub,
   * two runs may be closer together or further apart. Default false: on every hub.
   */
  readonly once?: boolean;
}

/** As `paths` of an OpenAPI 3.1 document: by path, as in `/rooms/{id}`, then by method. */
export type DocumentPaths = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a plugin may know of the hub's configuration. */
export interface HubFacts {
  /** `NODE_ENV` is `production`. */
  readonly production: boolean;
  /** Folder of the hub's data; undefined: everything is in memory. */
  readonly data: string | undefined;
  readonly origins: readonly string[];
}

/** Parts of the hub that a plugin brings in place of the hub's own. */
export interface BroughtParts {
  readonly broker?: Broker | undefined;
  readonly leases?: LeaseTable | undefined;
  readonly presence?: PresenceTable | undefined;
  readonly store?: Store | undefined;
}

export interface PluginDefinition<O extends TObject, P extends BroughtParts = BroughtParts> {
  /** The npm name for published ones. */
  readonly name: string;
  /** Range of the plugin API it was written for, such as `^1.0.0`. */
  readonly api: string;
  readonly version?: string;
  /** Plugins that are set up before this one. */
  readonly requires?: readonly string[];
  /** Plugins that are set up before this one if they are enabled; it does without them if not. */
  readonly after?: readonly string[];
  /** Schema of its options, with defaults. */
  readonly options?: O;
  /**
   * Opens parts that take the place of the hub's own, before any plugin is set up. The hub closes them. It is not called for
   * commands that leave data alone, such as `hub check`.
   */
  parts?(options: Static<O>, log: Log): P | Promise<P>;
  /**
   * @param options checked, with defaults filled in, and frozen.
   * @param parts what `parts` opened; undefined when it was not called.
   */
  setup(hub: Hub, options: Static<O>, parts: P | undefined): void | Promise<void>;
}

/** A plugin with the options somebody gave it, ready to be listed in a configuration. */
export interface ConfiguredPlugin {
  readonly definition: PluginDefinition<TObject>;
  readonly options: unknown;
}

/** Settings as people give them: whatever they leave out, at any depth, takes its default. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** Lists the plugin in a configuration: `rooms({ limit: 200 })`. Options left out take their defaults. */
export interface PluginFactory<O extends TObject> {
  (options?: DeepPartial<Static<O>>): ConfiguredPlugin;
  readonly definition: PluginDefinition<O>;
}

/** Defines a plugin. The result is the plugin module's default export. */
export function definePlugin<O extends TObject, P extends BroughtParts = BroughtParts>(
  definition: PluginDefinition<O, P>,
): PluginFactory<O> {
  // Options are checked against the definition's own schema before its setup sees them.
  const general = definition as unknown as PluginDefinition<TObject>;
  const factory = (options?: DeepPartial<Static<O>>) => ({ definition: general, options: options ?? {} });
  return Object.assign(factory, { definition });
}
