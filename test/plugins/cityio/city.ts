/** Tables of any size, and clients that speak as CityIO's do. */
import type { Test } from 'tap';
import cityio from '../../../plugins/cityio/index.ts';
import {
  type Client,
  connect,
  type Received,
  startHub,
  type TestHub,
  type TestOptions,
} from '../../helpers/hub.ts';

export interface Cell {
  readonly id: number;
  readonly name: string;
  readonly color: readonly number[];
  readonly height: number;
  readonly interactive: string | boolean;
}

/** A square grid of parks and streets. */
export function makeGeogrid(side: number, tableName = 'test') {
  const features = Array.from({ length: side * side }, (_, id) => ({
    type: 'Feature',
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [-71.08 + id / 1e4, 42.36],
          [-71.08, 42.361],
          [-71.08, 42.36],
        ],
      ],
    },
    properties: cell(id, id % 3 === 0 ? 'Street' : 'Park'),
  }));
  const header = { tableName, cellSize: 15, latitude: 42.36, longitude: -71.08, nrows: side, ncols: side };
  const types = { Park: { color: [90, 180, 90], height: 0, interactive: 'Web', name: 'Park' } };
  return {
    type: 'FeatureCollection',
    properties: { header: { ...header, rotation: 0, projection: '+proj=lcc', tz: -5 }, types },
    features,
  };
}

function cell(id: number, name: string, height = 0): Cell {
  return { id, name, color: [id % 256, 100, 50], height, interactive: 'Web' };
}

/** Cells for a grid of this size; another height gives other cells. */
export function makeCells(side: number, height = 0): Cell[] {
  return Array.from({ length: side * side }, (_, id) => cell(id, 'Park', height));
}

export function makeTable(side: number, name = 'test') {
  const GEOGRID = makeGeogrid(side, name);
  return { GEOGRID, GEOGRIDDATA: GEOGRID.features.map(({ properties }) => properties) };
}

type CityOptions = Parameters<typeof cityio>[0];

export function startCity(t: Test, options: CityOptions = {}, hub: TestOptions = {}): Promise<TestHub> {
  return startHub(t, { ...hub, plugins: [cityio(options)] });
}

export interface Answer {
  readonly status: number;
  /** Exactly as it was sent. */
  readonly type: string | null;
  readonly text: string;
  readonly json: Received;
}

/** A hub, or two of them, as whoever sends requests sees them. */
interface Origin {
  readonly origin: string;
  settled?(): Promise<void>;
}

export interface RequestOptions {
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export async function request(
  hub: Origin,
  method: string,
  path: string,
  { body, headers = {} }: RequestOptions = {},
): Promise<Answer> {
  await hub.settled?.();
  const given = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(hub.origin + path, {
    method,
    headers,
    ...(body !== undefined && { body: given ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (method !== 'GET') await hub.settled?.();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

export const get = (hub: Origin, path: string, options?: RequestOptions) =>
  request(hub, 'GET', path, options);
export const post = (hub: Origin, path: string, body: unknown, options?: RequestOptions) =>
  request(hub, 'POST', path, { ...options, body });

/** A hub with the table `test` of `side` × `side` cells. */
export async function startTable(
  t: Test,
  side = 4,
  options: CityOptions = {},
  hub: TestOptions = {},
): Promise<TestHub> {
  const city = await startCity(t, options, hub);
  const { status, text } = await post(city, `${options.prefix ?? ''}/api/table/test`, makeTable(side));
  if (status !== 200) throw new Error(text);
  return city;
}

/** A user interface that has got the snapshot of the table. */
export async function openInterface(t: Test, hub: TestHub, gridId = 'test'): Promise<Client> {
  await hub.settled();
  const ui = await connect(t, hub, '/interface');
  ui.send({ type: 'LISTEN', content: { gridId } });
  await ui.next('TABLE_SNAPSHOT');
  return ui;
}

/** A module that has got the snapshot of the table. */
export async function openModule(t: Test, hub: TestHub, gridId = 'test'): Promise<Client> {
  await hub.settled();
  const module = await connect(t, hub, '/module');
  module.send({ type: 'SUBSCRIBE', content: { gridId } });
  await module.next('TABLE_SNAPSHOT');
  return module;
}

/** Runs a command of the plugin, as the CLI does. @returns what it printed. */
export async function runCommand(hub: TestHub, name: string, ...args: string[]): Promise<string[]> {
  const plugin = hub.plugins.find((one) => one.name === 'cityio');
  const command = plugin?.commands.find((one) => one.name === name);
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const printed: string[] = [];
  await command.run({ args, options: {}, print: (line) => void printed.push(line) });
  return printed;
}
