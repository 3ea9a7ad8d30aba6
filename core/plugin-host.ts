/** The hub as one plugin sees it: every registration knows its plugin. */
import type { FastifyInstance } from 'fastify';
import type { Channels } from './channels.ts';
import type { Connections } from './connections.ts';
import { Endpoint } from './endpoint.ts';
import { StartError } from './errors.ts';
import type { Failures } from './failures.ts';
import type { HookPoints } from './hooks.ts';
import type { IdentityService } from './identity.ts';
import type { Leases } from './leases.ts';
import type { ConnectionLimits } from './limits.ts';
import type { Lines } from './lines.ts';
import type { Log } from './log.ts';
import { namespaced, within } from './namespaced-store.ts';
import type { Notify } from './notify.ts';
import type { EndpointTable } from './paths.ts';
import type { Hub, HubFacts, Services } from './plugin.ts';
import type { LoadedPlugin } from './plugins.ts';
import type { PresenceService } from './presence.ts';
import { groupOf, type PluginRecord, type RegistrationGate } from './registry.ts';
import type { Shortcuts } from './shortcuts.ts';
import type { Store } from './store/port.ts';
import type { State } from './store/state.ts';
import type { Streams } from './streams.ts';
import { MAX_DELAY, type Timers } from './timers.ts';

/** The parts of the hub that plugins reach. */
export interface HubParts {
  readonly endpoints: EndpointTable;
  readonly hooks: HookPoints;
  readonly limits: ConnectionLimits;
  readonly notify: Notify;
  readonly channels: Channels;
  readonly presence: PresenceService;
  readonly lines: Lines;
  readonly streams: Streams;
  readonly leases: Leases;
  readonly connections: Connections;
  readonly store: Store;
  readonly openState: <T extends object>(name: string, defaults: T) => Promise<State<T>>;
  readonly identity: IdentityService;
  readonly log: Log;
  readonly facts: HubFacts;
  readonly signal: AbortSignal;
  readonly timers: Timers;
  readonly failures: Failures;
  readonly shortcuts: Shortcuts;
  readonly gate: RegistrationGate;
  readonly onInvalidOutgoing: ((problem: string) => void) | undefined;
}

type Task = () => void | Promise<void>;
/** A plugin's task for a moment in the hub's life. */
export interface LifecycleTask {
  readonly plugin: string;
  readonly run: Task;
}

interface Provided {
  readonly plugin: string;
  /** The service as this plugin gets it. */
  readonly forPlugin: (plugin: string) => unknown;
}

/** Services and lifecycle tasks of all plugins. */
export class PluginWorld {
  readonly records: PluginRecord[] = [];
  readonly ready: LifecycleTask[] = [];
  readonly drain: LifecycleTask[] = [];
  readonly close: LifecycleTask[] = [];
  readonly #services = new Map<string, Provided>();
  readonly #parts: HubParts;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** @param http the plugin's encapsulated Fastify instance. */
  hostFor({ definition, origin, version }: LoadedPlugin, http: FastifyInstance): Hub {
    const parts = this.#parts;
    const plugin = definition.name;
    const assertOpen = (what: string) => parts.gate.assertOpen(plugin, what);
    const states = new Set<string>();
    const record = emptyRecord(plugin, version, origin);
    this.records.push(record);
    http.addHook('onRoute', ({ method, url, constraints = {} }) => {
      for (const one of [method].flat()) {
        // Fastify adds them to GET, and leaves them out where there is one.
        if (one === 'HEAD') continue;
        const route = `${one} ${url}`;
        if (http.hasRoute({ method: one, url, constraints })) {
          const owner = this.records.find(({ routes }) => routes.includes(route));
          const by = owner === undefined ? 'the hub' : `plugin "${owner.name}"`;
          throw new StartError(`plugin "${plugin}": the route ${route} is already taken by ${by}`);
        }
        record.routes.push(route);
      }
    });
    const openLease = (name: string) => {
      assertOpen(`lease "${name}"`);
      return parts.leases.open(plugin, name, () => assertOpen(`task of lease "${name}"`));
    };
    const task = (list: LifecycleTask[], moment: string) => (run: Task) => {
      assertOpen(moment);
      list.push({ plugin, run });
    };
    return {
      http,
      hooks: this.#recordedHooks(record, assertOpen),
      notify: parts.notify,
      channels: parts.channels,
      presence: parts.presence.forPlugin(plugin, assertOpen),
      store: namespaced(parts.store, plugin),
      identity: parts.identity,
      log: parts.log.child({ plugin }),
      connectionsOf: (user) => [...parts.connections].filter(({ identity }) => identity?.user === user),
      config: parts.facts,
      signal: parts.signal,
      endpoint: (paths, options) => {
        assertOpen(`endpoint ${paths}`);
        const context = {
          plugin,
          hooks: parts.hooks,
          limits: parts.limits,
          assertOpen,
          onInvalidOutgoing: parts.onInvalidOutgoing,
          record,
        };
        const endpoint = new Endpoint([paths].flat(), options, context);
        parts.endpoints.add(endpoint as Endpoint<unknown>);
        record.endpoints.push(...endpoint.paths);
        return endpoint;
      },
      shortcut: (path, answer) => {
        assertOpen(`shortcut ${path}`);
        parts.shortcuts.add({ plugin, path, answer });
      },
      every: (name, ms, run, { once = false } = {}) => {
        assertOpen(`timer "${name}"`);
        if (!(ms >= 1 && ms <= MAX_DELAY)) {
          throw new StartError(
            `plugin "${plugin}": the interval of timer "${name}" must be from 1 to ${MAX_DELAY} ms, found ${ms}`,
          );
        }
        record.timers.push(`${name} every ${ms} ms${once ? ', on one hub of the cluster' : ''}`);
        parts.timers.add({ plugin, name, ms, run, lease: once ? openLease(name) : undefined });
      },
      state: (name, defaults) => {
        // Two of one file would not see each other's changes.
        if (states.has(name)) throw new StartError(`plugin "${plugin}" opened its state "${name}" twice`);
        states.add(name);
        return parts.openState(within(plugin, name), defaults);
      },
      command: (command) => {
        assertOpen(`command "${command.name}"`);
        this.#claimGroup(record, groupOf(record, command));
        record.commands.push(command);
      },
      document: (paths) => {
        assertOpen('a part of the document');
        record.documents.push(paths);
      },
      line: (name, hears) => {
        assertOpen(`line "${name}"`);
        return parts.lines.open({ plugin, name }, hears);
      },
      stream: (name, hears) => {
        assertOpen(`stream "${name}"`);
        return parts.streams.open(plugin, name, hears);
      },
      lease: openLease,
      provide: (name, service) => this.#provide(record, name, () => service, assertOpen),
      provideEach: (name, make) => {
        const made = new Map<string, unknown>();
        const forPlugin = (user: string) => {
          if (!made.has(user)) made.set(user, make(user));
          return made.get(user);
        };
        this.#provide(record, name, forPlugin, assertOpen);
      },
      use: (name) => this.#use(plugin, name),
      find: (name) => this.#find(plugin, name),
      readyUnless: (reason) => {
        assertOpen('a reason not to be ready');
        record.obstacles.push(reason);
      },
      onReady: task(this.ready, 'onReady'),
      onDrain: task(this.drain, 'onDrain'),
      onClose: task(this.close, 'onClose'),
    };
  }

  #claimGroup(record: PluginRecord, group: string): void {
    const owner = this.records.find(
      (other) => other !== record && other.commands.some((command) => groupOf(other, command) === group),
    );
    if (owner === undefined) return;
    throw new StartError(
      `plugin "${record.name}": the commands \`hub ${group}\` are already taken by plugin "${owner.name}"`,
    );
  }

  #recordedHooks(record: PluginRecord, assertOpen: (what: string) => void) {
    return this.#parts.hooks.forPlugin(record.name, (hook) => {
      assertOpen(`tap of ${hook}`);
      record.hooks.push(hook);
    });
  }

  #provide(
    record: PluginRecord,
    name: string,
    forPlugin: Provided['forPlugin'],
    assertOpen: (what: string) => void,
  ): void {
    assertOpen(`service "${name}"`);
    const other = this.#services.get(name);
    if (other !== undefined) {
      throw new StartError(
        `plugin "${record.name}": the service "${name}" is already provided by plugin "${other.plugin}"`,
      );
    }
    this.#services.set(name, { plugin: record.name, forPlugin });
    record.services.push(name);
  }

  #use<K extends keyof Services>(plugin: string, name: K): Services[K] {
    const service = this.#find(plugin, name);
    if (service === undefined) {
      throw new StartError(
        `plugin "${plugin}" uses the service "${name}", which no plugin set up before it provides`,
      );
    }
    return service;
  }

  #find<K extends keyof Services>(plugin: string, name: K): Services[K] | undefined {
    // `provide` took it under this name, so it has this type.
    return this.#services.get(name)?.forPlugin(plugin) as Services[K] | undefined;
  }
}

function emptyRecord(name: string, version: string, origin: string): PluginRecord {
  return {
    name,
    version,
    origin,
    endpoints: [],
    accepts: [],
    emits: [],
    routes: [],
    hooks: [],
    timers: [],
    commands: [],
    documents: [],
    services: [],
    obstacles: [],
  };
}
