/** The endpoint of dashboards: what happens, live, and what was last. */
import { type Connection, type Hub, HubError, JsonText } from '../../core/index.ts';
import type { Clock } from './clock.ts';
import { type Controller, type Field, latestOf, type Series } from './field.ts';
import {
  Accepted,
  type ControllerStatus,
  envelope,
  Latest,
  type LatestReading,
  Live,
  Start,
  Stop,
  Watch,
} from './messages.ts';
import type { Options } from './options.ts';
import { Rights } from './rights.ts';
import type { TelemetryEvent } from './telemetry-event.ts';
import type { Irrigation } from './valves.ts';

/** Channels of a dashboard: what it watches is so many pairs of controller and event at most. */
const CHANNELS = 1_000;
/** Readings in one message of the latest ones. */
const LATEST_READINGS = 500;
/** Bytes that may wait for a slow dashboard. */
const OUTBOX_BYTES = 4_194_304;
const ANY = '*';

/** What a dashboard watches, and may. */
class Watcher {
  readonly rights: Rights;
  watch: Watch = {};
  /** One change after the other. */
  turn: Promise<void> = Promise.resolve();

  constructor(rights: Rights) {
    this.rights = rights;
  }

  wants({ controller, event }: Series): boolean {
    const { controllers, events } = this.watch;
    return (
      this.rights.sees(controller.id) &&
      (controllers?.includes(controller.id) ?? true) &&
      (events?.includes(event) ?? true)
    );
  }
}

export interface DashboardParts {
  readonly field: Field;
  readonly clock: Clock;
}

export function openDashboards(hub: Hub, options: Options, { field, clock }: DashboardParts) {
  const endpoint = hub.endpoint<Watcher>(options.dashboardsPath, {
    envelope,
    auth: 'required',
    tokenInQuery: true,
    limits: { channels: CHANNELS, outboxBytes: OUTBOX_BYTES },
    data: ({ identity, params }) => {
      if (identity?.user !== params.id) {
        throw new HubError('forbidden', `the token is not of the user "${params.id?.slice(0, 64)}"`);
      }
      return new Watcher(new Rights(options, identity));
    },
    summary: 'Irrigation: dashboards watch, and command. :id is the id of the user.',
  });
  const latest = endpoint.emits('latest', Latest, {
    overflow: 'close',
    summary: 'Latest value of each sensor, on connecting and after `watch`',
  });
  // Of a reading only the newest matters to who is slow; everything else must not be missed.
  const reading = endpoint.emits('(reading)', Live, {
    bare: true,
    overflow: 'latest',
    summary: 'A reading of a controller, live',
  });
  const other = endpoint.emits('(event)', Live, {
    bare: true,
    overflow: 'close',
    summary: 'Any other event of a controller, or of the hub about one',
  });
  const accepted = endpoint.emits('accepted', Accepted, { overflow: 'close' });

  const serve = (irrigation: Irrigation, find: (controller: string) => Promise<Controller>) => {
    endpoint.on('watch', Watch, (watch, connection) => narrow(connection, watch), {
      summary: 'Narrows down what comes: to events, to controllers',
    });
    endpoint.on('start_irrigation', Start, async ({ controller, ...request }, connection) => {
      const by = commander(connection, controller);
      return accepted(await irrigation.start(await find(controller), { ...request, by }));
    });
    endpoint.on('stop_irrigation', Stop, async ({ controller, ...request }, connection) => {
      const by = commander(connection, controller);
      return accepted(await irrigation.stop(await find(controller), { ...request, by }));
    });
    hub.hooks.opened.tap((connection) => {
      const { data } = connection;
      if (data instanceof Watcher) return narrow(connection as Connection<Watcher>, {});
    });
    // Asked again when the identity changes: nobody goes on seeing what the present token does not show.
    hub.hooks.authorizeSubscribe.tap(({ connection, channel }) => {
      if (!(connection.data instanceof Watcher)) return undefined;
      const [controller = ''] = channel.split(' ');
      const rights = new Rights(options, connection.identity);
      const isSeen = controller === ANY ? rights.seesAll : rights.sees(controller);
      return isSeen ? true : { deny: `you may not see "${controller}"` };
    });
  };

  /** @throws HubError when it asks for what it may not see, or for too much. */
  const narrow = (connection: Connection<Watcher>, watch: Watch): Promise<void> => {
    const { data } = connection;
    const wanted = new Set(channelsOf(data.rights, watch));
    const work = async () => {
      for (const channel of connection.channels) {
        if (!wanted.has(channel)) hub.channels.leave(connection, channel);
      }
      await Promise.all([...wanted].map((channel) => hub.channels.join(connection, channel)));
      data.watch = watch;
      sendLatest(connection);
    };
    const done = data.turn.then(work);
    data.turn = done.catch(() => {});
    return done;
  };

  const sendLatest = (connection: Connection<Watcher>) => {
    const now = clock.now();
    const { rights, watch } = connection.data;
    const seen = [...field.controllers.values()].filter(
      ({ id }) => rights.sees(id) && (watch.controllers?.includes(id) ?? true),
    );
    const controllers: ControllerStatus[] = seen.map(({ id, online, since, lastHeard }) => {
      return { controller: id, online, since, last_heard: lastHeard };
    });
    const readings: LatestReading[] = seen.flatMap(({ series }) =>
      [...series.values()].flatMap((one) => {
        return (connection.data.wants(one) ? latestOf(one, now) : undefined) ?? [];
      }),
    );
    connection.send(latest({ controllers, readings: readings.slice(0, LATEST_READINGS) }));
    for (let i = LATEST_READINGS; i < readings.length; i += LATEST_READINGS) {
      connection.send(latest({ controllers: [], readings: readings.slice(i, i + LATEST_READINGS) }));
    }
  };

  // Hubs that share the store tell each other of their rows.
  const local = { local: hub.store.isShared };
  /** Every connection is in channels of one kind, so each gets the event once. */
  const publish = (event: TelemetryEvent) => {
    const { series, value } = event;
    const make = value === undefined ? other : reading;
    const message = make(new JsonText(event.text), series.key);
    for (const channel of channelsFor(series)) hub.notify.channels(channel, message, local);
  };
  return { serve, publish };
}

/** @returns the user. @throws HubError `forbidden`. */
function commander({ identity, data }: Connection<Watcher>, controller: string): string {
  if (identity !== undefined && data.rights.commands(controller)) return identity.user;
  throw new HubError('forbidden', `you may not command "${controller}"`);
}

/** @throws HubError when it asks for what it may not see, or for too much. */
function channelsOf(rights: Rights, { controllers, events = [ANY] }: Watch): string[] {
  for (const id of controllers ?? []) {
    if (!rights.sees(id)) throw new HubError('forbidden', `you may not see "${id}"`);
  }
  const ids = controllers ?? (rights.seesAll ? [ANY] : rights.seen);
  if (ids.length * events.length > CHANNELS) {
    const message = `${ids.length} controllers with ${events.length} events each: at most ${CHANNELS} pairs can be watched`;
    throw new HubError('watch_too_wide', message);
  }
  return ids.flatMap((id) => events.map((event) => `${id} ${event}`));
}

/** The channels whose members get the events of a series, each as a list of one. */
function channelsFor(series: Series): readonly (readonly string[])[] {
  let channels = CHANNELS_OF.get(series);
  if (channels === undefined) {
    const { controller, event } = series;
    channels = [ANY, controller.id].flatMap((id) => [[`${id} ${ANY}`], [`${id} ${event}`]]);
    CHANNELS_OF.set(series, channels);
  }
  return channels;
}
const CHANNELS_OF = new WeakMap<Series, readonly (readonly string[])[]>();
