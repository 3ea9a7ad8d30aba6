/** The hub with irrigation. */
import irrigation from '../../../plugins/irrigation/index.ts';
import { startBenchHub } from './hub-start.ts';
import { names } from './names.ts';

// What every event of the load is converted with. Its time is far from Unix time, so that each is a live one.
const sensor = { unit: '°C', scale: 0.1, offset: -5, interval: 90, min: -40, max: 60 };
const sensors = { temperature: sensor, illuminance: sensor, soil_moist_: sensor };
await startBenchHub([names(), irrigation({ sensors, clock: 'unix-ms', readingsPerSecond: 1e9, burst: 1e9 })]);
