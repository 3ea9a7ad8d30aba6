/** A hub while it lives: makes its parts, sets the plugins up, serves, and stops. */
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { HubConfig } from '../config/schema.ts';
import { localBroker } from './broker/local.ts';
import type { Broker } from './broker/port.ts';
import { ChannelRegistry } from './channels.ts';
import { Connections } from './connections.ts';
import { Dispatcher } from './dispatch.ts';
import { closeAll, sendAway } from './drain.ts';
import { messageOf, StartError } from './errors.ts';
import { Failures } from './failures.ts';
import { HookPoints } from './hooks.ts';
import { createHttp, errorHandler } from './http.ts';
import type { HubEnvironment, PreparedHub } from './hub.ts';
import { TokenIdentity } from './identity.ts';
import { localLeases } from './leases/local.ts';
import { Leases } from './leases.ts';
import { endPart, runTasks, setUp, within } from './lifecycle.ts';
import { Lines } from './lines.ts';
import type { Log } from './log.ts';
import { Notifier } from './notify.ts';
import type { OpenedParts } from './parts.ts';
import { EndpointTable } from './paths.ts';
import { type HubParts, PluginWorld } from './plugin-host.ts';
import type { LoadedPlugin } from './plugins.ts';
import { type Address, openPorts } from './ports.ts';
import { PresenceEntries, PresenceService } from './presence.ts';
import { type PluginRecord, RegistrationGate } from './registry.ts';
import type { TokenKeys } from './secret.ts';
import { Sessions } from './sessions.ts';
import { Shortcuts } from './shortcuts.ts';
import { Streams } from './streams.ts';
import { landingRoute, systemRoutes } from './system-routes.ts';
import { Timers } from './timers.ts';
import { Traffic } from './traffic.ts';
import { FanOut, mostBuffered } from './transport/fanout.ts';
import { bridge } from './transport/http-bridge.ts';
import { HttpLoad } from './transport/http-load.ts';
import { Server } from './transport/server.ts';
import { TurnQueue } from './transport/socket.ts';
import { uwsNotice } from './transport/uws.ts';
import { createUpgrade } from './upgrade.ts';

/** A request body is cut off here whatever a route allows: 1 GiB. */
const MAX_BODY_BYTES = 2 ** 30;
/** Of the time to stop, the part that running work may take; the rest is for tear-down. */
const WORK_SHARE = 0.75;

/** What is open before the hub is made. */
export interface Opened {
  readonly parts: OpenedParts;
  readonly keys: TokenKeys;
  readonly openState: HubParts['openState'];
}

export class HubProcess implements PreparedHub {
  readonly identity: TokenIdentity;
  readonly #config: HubConfig;
  readonly #log: Log;
  readonly #process: number | undefined;
  readonly #parts: OpenedParts;
  readonly #broker: Broker;
  readonly #failures: Failures;
  readonly #server: Server;
  readonly #turnQueue = new TurnQueue();
  readonly #httpLoad = new HttpLoad();
  readonly #shortcuts: Shortcuts;
  readonly #endpoints = new EndpointTable();
  readonly #connections = new Connections();
  readonly #gate = new RegistrationGate();
  readonly #ending = new AbortController();
  readonly #hooks: HookPoints;
  readonly #fanOut: FanOut;
  readonly #notifier: Notifier;
  readonly #lines: Lines;
  readonly #streams: Streams;
  readonly #traffic: Traffic;
  readonly #leases: Leases;
  readonly #presence: PresenceService;
  readonly #dispatcher: Dispatcher;
  readonly #sessions: Sessions;
  readonly #timers: Timers;
  readonly #world: PluginWorld;
  #http: FastifyInstance | undefined;
  #isServing = false;
  /** New connections are refused. */
  #isDraining = false;
  #stopped: Promise<void> | undefined;

  constructor(config: HubConfig, environment: HubEnvironment, opened: Opened) {
    this.#config = config;
    this.#log = environment.log;
    this.#process = environment.process;
    this.#parts = opened.parts;
    this.#broker = environment.broker ?? opened.parts.broker ?? localBroker;
    this.#server = new Server(this.#log);
    const failures = new Failures(this.#log);
    const hooks = new HookPoints((plugin, where, error) => failures.report(plugin, where, error));
    failures.attach(hooks);
    this.#failures = failures;
    this.#shortcuts = new Shortcuts(failures);
    this.#hooks = hooks;
    this.identity = new TokenIdentity({ ...config.identity, keys: opened.keys }, hooks, this.#log);
    const fanOut = new FanOut(this.#server.app, this.#turnQueue);
    const presenceTable = environment.presence ?? opened.parts.presence;
    const entries = new PresenceEntries(presenceTable, failures);
    const channels = new ChannelRegistry(hooks, fanOut, this.#broker, entries);
    this.#presence = new PresenceService(presenceTable, entries, channels, failures, this.#log);
    const transport = { turnQueue: this.#turnQueue, fanOut };
    this.#fanOut = fanOut;
    this.#sessions = new Sessions(this.#connections, channels, hooks, this.identity, failures, transport);
    this.#notifier = new Notifier(channels, this.#connections, fanOut, this.#broker, (name) =>
      this.#endpoints.named(name),
    );
    const { node } = this.#connections;
    this.#lines = new Lines(this.#broker, node, failures, this.#ending.signal, this.#notifier);
    this.#streams = new Streams(this.#broker, node, failures, this.#log, this.#lines);
    this.#traffic = new Traffic(this.#streams);
    const leaseTable = environment.leases ?? opened.parts.leases ?? localLeases();
    this.#leases = new Leases(leaseTable, node, this.#lines, failures, this.#log);
    this.#dispatcher = new Dispatcher(hooks, failures);
    this.#timers = new Timers(failures, this.#ending.signal);
    this.#world = new PluginWorld({
      endpoints: this.#endpoints,
      hooks,
      limits: config.limits,
      notify: this.#notifier,
      channels,
      lines: this.#lines,
      streams: this.#streams,
      leases: this.#leases,
      presence: this.#presence,
      connections: this.#connections,
      store: this.#parts.store,
      openState: opened.openState,
      identity: this.identity,
      log: this.#log,
      facts: {
        production: environment.production ?? false,
        data: config.store === 'memory' ? undefined : config.data,
        origins: config.origins,
      },
      signal: this.#ending.signal,
      timers: this.#timers,
      failures,
      shortcuts: this.#shortcuts,
      gate: this.#gate,
      onInvalidOutgoing: environment.onInvalidOutgoing,
    });
  }

  get plugins(): readonly PluginRecord[] {
    return this.#world.records;
  }
  get http(): FastifyInstance {
    if (this.#http === undefined) throw new Error('the hub is not set up');
    return this.#http;
  }

  async setUp(plugins: readonly LoadedPlugin[]): Promise<void> {
    if (uwsNotice !== undefined) this.#log.info(uwsNotice);
    const { limits, trustedProxies, origins } = this.#config;
    const app = await createHttp({
      log: this.#log,
      failures: this.#failures,
      bodyBytes: limits.bodyBytes,
      trustedProxies,
      origins,
    });
    this.#http = app;
    const system = {
      process: this.#process,
      isReady: () => this.#isServing,
      plugins: () => this.plugins,
      endpoints: this.#endpoints,
      connections: this.#connections,
      failures: this.#failures,
      traffic: this.#traffic,
    };
    // First, so that a plugin that takes one of these paths is told so.
    await systemRoutes(app, system);
    for (const plugin of plugins) await this.#setUpPlugin(app, plugin);
    landingRoute(app, system);
    try {
      await app.ready();
    } catch (error) {
      throw new StartError(`the HTTP routes cannot be served: ${messageOf(error)}`, { cause: error });
    }
    this.#gate.freeze();
  }

  async #setUpPlugin(app: FastifyInstance, plugin: LoadedPlugin): Promise<void> {
    const { name, setup } = plugin.definition;
    const { setupMs } = this.#config.limits;
    // Around it all as well, because what the plugin registers on its instance of Fastify loads after its set-up.
    await setUp(name, setupMs, async () => {
      await app.register(async (outer) => {
        outer.setErrorHandler(errorHandler(name, this.#failures));
        // Inside the plugin's own scope of Fastify, so that what it adds there stays there, an error handler included.
        await outer.register(async (scope) => {
          const hub = this.#world.hostFor(plugin, scope);
          await setUp(name, setupMs, () => setup(hub, plugin.options, this.#parts.byPlugin.get(name)));
        });
      });
    });
  }

  async listen(): Promise<readonly Address[]> {
    await this.#broker.start(this.#connections.node, this.#traffic);
    // Before the lines, which carry word of the lease it needs.
    await this.#presence.start(this.#connections.node, this.#endpoints, this.#leases);
    await Promise.all([this.#lines.connect(), this.#streams.connect()]);
    this.#attach();
    await runTasks(this.#world.ready, 'onReady', Date.now() + this.#config.limits.setupMs, this.#failures);
    if (this.#stopped !== undefined) throw new StartError('the hub was stopped while it started');
    const { host, ports } = this.#config;
    const addresses = openPorts(this.#server, host, ports, this.#process !== undefined);
    this.#timers.start();
    await this.#leases.start();
    this.#isServing = true;
    return addresses;
  }

  stop(isReplaced = false): Promise<void> {
    this.#stopped ??= this.#stop(isReplaced);
    return this.#stopped;
  }

  #attach(): void {
    const { limits, origins, trustedProxies } = this.#config;
    const upgrade = createUpgrade({
      endpoints: this.#endpoints,
      identity: this.identity,
      hooks: this.#hooks,
      connections: this.#connections,
      rules: {
        origins,
        trustedProxies,
        connections: limits.connections,
        connectionsPerAddress: limits.connectionsPerAddress,
      },
      isDraining: () => this.#isDraining,
    });
    this.#shortcuts.install(this.#server.app);
    const { messageBytes, outboxBytes } = this.#endpoints.largest();
    this.#server.attach(
      {
        upgrade,
        http: bridge(this.http, {
          maxBodyBytes: MAX_BODY_BYTES,
          load: this.#httpLoad,
          failed: (error) => void this.#failures.report('core', 'a request outside of its route', error),
        }),
        opened: (opening, ws) => this.#sessions.open(opening, ws),
        message: (connection, data, isBinary) => this.#dispatcher.receive(connection, data, isBinary),
        closed: (connection, code) => this.#sessions.closed(connection, code),
        drained: (connection) => this.#fanOut.drained(connection),
        dropped: (connection) => connection.socket.overflow(),
      },
      { messageBytes, bufferBytes: mostBuffered(outboxBytes), idleTimeout: limits.idleSeconds },
    );
  }

  async #stop(isReplaced: boolean): Promise<void> {
    const { stopMs, noticeMs, reconnectMs } = this.#config.limits;
    const needsNotice = this.#isServing && noticeMs > 0 && !isReplaced;
    this.#isServing = false;
    if (needsNotice) await wait(noticeMs);
    this.#isDraining = true;
    this.#server.stopListening();
    if (this.#broker.isDistributed) await sendAway(this.#connections, reconnectMs);
    const deadline = Date.now() + stopMs;
    const workDeadline = Date.now() + stopMs * WORK_SHARE;
    this.#dispatcher.stop();
    this.#timers.stop();
    this.#ending.abort();
    const givenBack = this.#leases.stop(workDeadline, this.#timers.whenIdle());
    await runTasks(this.#world.drain, 'onDrain', workDeadline, this.#failures);
    const handlers = [...this.#connections].map((connection) => connection.mailbox?.whenIdle());
    const work = Promise.all([...handlers, this.#timers.whenIdle(), this.#httpLoad.settle()]);
    if (!(await within(workDeadline - Date.now(), work))) {
      this.#log.warn('handlers were still running at the deadline of the stop');
    }
    this.#turnQueue.flush();
    closeAll(this.#connections, reconnectMs);
    await runTasks([...this.#world.close].reverse(), 'onClose', deadline, this.#failures);
    await endPart('the HTTP routes', deadline, this.#log, () => this.#http?.close());
    this.#streams.stop();
    await givenBack;
    await endPart('presence', deadline, this.#log, () => this.#presence.stop());
    await endPart('the broker', deadline, this.#log, () => this.#broker.close());
    // Without a deadline: what was written must not be lost.
    await endPart('the store', Number.POSITIVE_INFINITY, this.#log, () => this.#parts.store.close());
    this.#server.close();
  }
}
