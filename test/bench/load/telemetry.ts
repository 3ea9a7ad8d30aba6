/** Controllers that report as fast as the hub takes it, and dashboards that get every reading. */
import { deepStrictEqual } from 'node:assert/strict';
import { jsonWire } from '../wire.ts';
import { Client, frame } from './client.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { closeAll, failureOf, measure } from './window.ts';

/** As in the protocol: a controller's events, in turn. The names are of one length, so that all messages are. */
const EVENTS = ['temperature', 'illuminance', 'soil_moist_'];
const RECORD = { time: 8273663, record: 223 };

export async function loadTelemetry(
  { controllers, inFlight, dashboards }: LoadSpec & { kind: 'telemetry' },
  target: Target,
  timing: Timing,
): Promise<Sample> {
  const watchers = await Promise.all(
    Array.from({ length: dashboards }, (_, i) =>
      Client.open(target.port, jsonWire(`/clients/user${i}?token=user${i}`)),
    ),
  );
  for (const client of watchers) await nextOf(client, 'latest');
  const boards: Client[] = [];
  for (let i = 0; i < controllers; i++) {
    boards.push(await Client.open(target.port, jsonWire(`/?token=board${10 + i}`)));
  }
  const requests = EVENTS.map((event) => frame(JSON.stringify({ event, data: RECORD })));
  let size = 0;
  for (const [i, board] of boards.entries()) {
    board.send(requests[0] ?? Buffer.alloc(0));
    for (const client of watchers) {
      const text = await nextOf(client, 'temperature');
      const { data } = JSON.parse(text);
      const { time, record, controller, value, unit } = data;
      deepStrictEqual(
        { time, record, controller, value, unit },
        { ...RECORD, controller: `board${10 + i}`, value: 17.3, unit: '°C' },
      );
      size = Buffer.byteLength(text);
    }
  }

  const batch = Buffer.concat(
    Array.from({ length: inFlight }, (_, i) => requests[i % requests.length] ?? Buffer.alloc(0)),
  );
  let delivered = 0;
  let sent = 0;
  const refill = () => {
    // The next batch of a controller leaves when so many readings have come to all dashboards.
    while ((sent - controllers + 1) * inFlight * dashboards <= delivered) {
      boards[sent % controllers]?.send(batch);
      sent++;
    }
  };
  for (const client of watchers) {
    client.count(size, (count) => {
      delivered += count;
      refill();
    });
  }
  refill();
  const clients = [...watchers, ...boards];
  const { amount, seconds, shares } = await measure(
    target,
    timing,
    () => delivered / dashboards,
    () => failureOf(clients),
  );
  closeAll(clients);
  return { value: amount / seconds, detail: {}, shares };
}

/** Passes over events the hub adds, such as `controller_online`. */
async function nextOf(client: Client, event: string): Promise<string> {
  for (;;) {
    const text = await client.next();
    if (JSON.parse(text).event === event) return text;
  }
}
