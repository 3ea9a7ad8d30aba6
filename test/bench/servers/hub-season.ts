/** A season of readings in the store of the hub, and two ways to the mean of each day: through the rollups, and by reading every row. */
import { mkdirSync } from 'node:fs';
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { definePlugin } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { addRecord, type Bucket, emptyBucket } from '../../../plugins/irrigation/buckets.ts';
import { History } from '../../../plugins/irrigation/history.ts';
import { Rollups } from '../../../plugins/irrigation/rollups.ts';
import { announce, requestedPort } from './serve.ts';

const SENSORS = Array.from({ length: 10 }, (_, i) => `north/sensor${i}`);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const DAYS = 181;
const START = Date.UTC(2026, 3, 1);
const END = START + DAYS * DAY;

const season = definePlugin({
  name: 'season',
  api: '^1.0.0',
  setup(hub) {
    const history = new History(hub.store);
    const rollups = new Rollups(hub.store, history, hub.log);
    let filled: Promise<void> | undefined;

    /** As it would come: each reading by itself, a row of its own. */
    const fill = async () => {
      for (let day = 0; day < DAYS; day++) {
        for (let minute = 0; minute < 1_440; minute++) {
          const at = START + day * DAY + minute * MINUTE;
          const writes = SENSORS.map(async (series, i) => {
            const row = {
              received: at,
              at,
              mark: undefined,
              data: { time: at, record: (minute * 7 + i) % 400 },
            };
            rollups.add(series, await history.append(series, [row], [JSON.stringify(row.data)]), [row]);
          });
          // Ten minutes are a transaction.
          if (minute % 10 === 9) await Promise.all(writes);
        }
      }
      await rollups.flush();
    };
    hub.http.get('/fill', async () => {
      filled ??= fill();
      await filled;
      return {};
    });
    hub.http.get('/rollups', async () => {
      const days = await rollups.read(SENSORS[0] ?? '', START, END, DAY);
      return means(days ?? new Map());
    });
    hub.http.get('/scan', async () => {
      const days = new Map<number, Bucket>();
      for await (const { rows } of history.blocks(SENSORS[0] ?? '', 1)) {
        for (const { at, data } of rows) {
          const day = Math.floor(at / DAY) * DAY;
          const bucket = days.get(day) ?? emptyBucket();
          addRecord(bucket, Number(data.record), false);
          days.set(day, bucket);
        }
      }
      return means(days);
    });
  },
});

function means(days: ReadonlyMap<number, Bucket>) {
  return [...days].map(([day, { min, max, sum, count }]) => ({ day, min, max, mean: sum / count, count }));
}

const data = process.env.HUB_DATA ?? '';
mkdirSync(data, { recursive: true });
const given = { host: '127.0.0.1', ports: [requestedPort], plugins: [season()] };
const hub = await prepareHub(completeConfig(given, import.meta.filename, { HUB_DATA: data }), {
  log: createLog('warn'),
});
const [address] = await hub.listen();
announce(address?.port ?? 0);
