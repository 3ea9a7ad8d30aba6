/** A controller of ten sensors that tells each once a minute, in the order of time, as fast as the hub takes it, and a dashboard. */
import { deepStrictEqual } from 'node:assert/strict';
import { jsonWire } from '../wire.ts';
import { Client, frame } from './client.ts';
import type { Sample, Target } from './job.ts';
import { closeAll, failureOf } from './window.ts';

const BOARD = 'board1';
const SENSORS = Array.from({ length: 10 }, (_, i) => `sensor${i}`);
const START = Date.UTC(2026, 3, 1);
const MINUTE = 60_000;
const DAY = 1_440;
/** Minutes of which the readings are sent at once, and how many of those are on their way. */
const STEP = 10;
const IN_FLIGHT = 6;
/** Milliseconds after which a connection that failed is noticed. */
const LOOK = 100;

/** Sends the readings of a day of the season; it is over when all have come to the dashboard. */
export async function sendDay(day: number, target: Target): Promise<Sample> {
  const dashboard = await Client.open(target.port, jsonWire('/clients/user1?token=user1'));
  const board = await Client.open(target.port, jsonWire(`/?token=${BOARD}`));
  const first = START + day * DAY * MINUTE;
  board.send(readingsOf(first));
  const sizes = new Set<number>();
  for (const event of SENSORS) {
    const text = await tellingOf(dashboard, event);
    const { controller, ...data } = JSON.parse(text).data;
    const { received_at, at, value, unit, ...given } = data;
    deepStrictEqual(
      { controller, received_at, at, unit, value, given },
      {
        controller: BOARD,
        received_at: first,
        at: first,
        unit: '',
        value: given.record,
        given: reading(event, first),
      },
    );
    sizes.add(Buffer.byteLength(text));
  }
  const [size = 0] = sizes;
  const total = (DAY - 1) * SENSORS.length;
  const done = Promise.withResolvers<void>();
  let [delivered, minute] = [0, 1];
  const refill = () => {
    while (minute < DAY && (minute - 1) * SENSORS.length - delivered < IN_FLIGHT * STEP * SENSORS.length) {
      const end = Math.min(minute + STEP, DAY);
      const minutes = Array.from({ length: end - minute }, (_, i) =>
        readingsOf(first + (minute + i) * MINUTE),
      );
      board.send(Buffer.concat(minutes));
      minute = end;
    }
  };
  const clients = [dashboard, board];
  const watching = setInterval(() => {
    const failure = failureOf(clients);
    if (failure !== undefined) done.reject(failure);
  }, LOOK);
  dashboard.count(size, (count) => {
    delivered += count;
    if (delivered >= total) done.resolve();
    else refill();
  });
  refill();
  try {
    await done.promise;
  } finally {
    clearInterval(watching);
    closeAll(clients);
  }
  return { value: delivered + SENSORS.length, detail: {} };
}

/** Records are of three digits, so that all messages are of one size. */
function reading(event: string, time: number) {
  return { time, record: 100 + (((time / MINUTE) * 7 + SENSORS.indexOf(event)) % 400) };
}

/** Frames of what all sensors say at a time. */
function readingsOf(time: number): Buffer {
  return Buffer.concat(SENSORS.map((event) => frame(JSON.stringify({ event, data: reading(event, time) }))));
}

/** Passes over what the hub adds, such as `controller_online`. */
async function tellingOf(client: Client, event: string): Promise<string> {
  for (;;) {
    const text = await client.next();
    if (JSON.parse(text).event === event) return text;
  }
}
