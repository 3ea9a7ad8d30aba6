/** The endpoint of controllers. */
import {
  CLOSE_CODES,
  type Connection,
  type Hub,
  HubError,
  type Static,
  type TSchema,
} from '../../core/index.ts';
import type { Clock } from './clock.ts';
import type { Controller, Field } from './field.ts';
import { Anything, Disconnected, envelope, Order, Reading, ZonesChanged } from './messages.ts';
import type { Options } from './options.ts';

/** Messages refused for their rate before a controller is disconnected: it may not know what an error is. */
const REFUSALS = 1_000;

/** What happens at the endpoint. */
interface BoardEvents {
  connected(controller: Controller, connection: Connection<unknown>): void;
  disconnected(controller: Controller, connection: Connection<unknown>): void;
  /** @throws HubError when the event is refused. */
  received(
    controller: Controller,
    event: string,
    data: Readonly<Record<string, unknown>>,
    from: Connection<unknown>,
  ): void;
}

/** The connection of a controller: knows whom it speaks for. */
class Board {
  readonly controller: Controller;

  constructor(controller: Controller) {
    this.controller = controller;
  }
}

export type Boards = ReturnType<typeof openBoards>;

export function openBoards(hub: Hub, options: Options, { field, clock }: { field: Field; clock: Clock }) {
  const endpoint = hub.endpoint<Board>(options.controllersPath, {
    envelope,
    auth: 'required',
    tokenInQuery: true,
    limits: {
      messageBytes: options.frameBytes,
      messagesPerSecond: options.readingsPerSecond,
      burst: options.burst,
      refusals: REFUSALS,
    },
    data: ({ identity }) => new Board(field.open(identity?.claims.controller, clock.now())),
    // So that this hub is told when another one is gone.
    ...(hub.store.isShared && { presence: ({ data }) => data.controller.id }),
    summary: 'Irrigation: controllers report, and are told to irrigate.',
  });
  // Neither may be lost: a controller that reads too slowly reconnects, and gets what still holds.
  const start = endpoint.emits('start_irrigation', Order, { overflow: 'close' });
  const stop = endpoint.emits('stop_irrigation', Order, { overflow: 'close' });

  const serve = ({ connected, disconnected, received }: BoardEvents) => {
    const on = <S extends TSchema>(name: string, schema: S, summary: string) => {
      endpoint.on(name, schema, (data, connection) => take(name, data, connection), { summary });
    };
    const take = (name: string, data: Static<TSchema>, connection: Connection<Board>) => {
      received(connection.data.controller, name, data as Record<string, unknown>, connection);
    };
    on('temperature', Reading, 'A raw reading');
    on('humidity', Reading, 'A raw reading');
    on('soil_moisture', Reading, 'A raw reading');
    on('irrigation_started', ZonesChanged, 'Valves were opened');
    on('irrigation_stopped', ZonesChanged, 'Valves were closed');
    on('sensor_disconnected', Disconnected, 'A sensor does not answer');
    endpoint.onOther(Anything, (data, connection, name) => take(name, data, connection), {
      summary: 'Any other event; one with a `record` is a reading',
    });
    hub.hooks.opened.tap((connection) => {
      if (!(connection.data instanceof Board)) return;
      const { controller } = connection.data;
      controller.connections.add(connection);
      connected(controller, connection);
    });
    hub.hooks.closed.tap(({ connection }) => {
      if (!(connection.data instanceof Board)) return;
      const { controller } = connection.data;
      if (controller.connections.delete(connection)) disconnected(controller, connection);
    });
    hub.hooks.identified.tap(({ connection }) => {
      if (!(connection.data instanceof Board)) return;
      if (connection.identity?.claims.controller === connection.data.controller.id) return;
      connection.close(CLOSE_CODES.unauthorized.code, CLOSE_CODES.unauthorized.reason);
    });
  };
  /** Tells a controller of an event that is lost, so that one with a memory can send it again. */
  const notStored = (connection: Connection<unknown>, event: string) => {
    const message = 'the event could not be stored; send it again later';
    refused(connection, event, new HubError('not_stored', message));
  };
  /** Tells a controller why an event was not taken. */
  const refused = (connection: Connection<unknown>, event: string, { code, message }: HubError) => {
    connection.send(endpoint.errorMessage({ code, message, ref: event }));
  };
  return { start, stop, serve, notStored, refused };
}
