/** The hub with irrigation, on a clock that goes as the readings tell: a season passes as fast as it comes in, and each of them is live. */
import { definePlugin } from '../../../core/index.ts';
import { systemClock } from '../../../plugins/irrigation/clock.ts';
import { irrigationOn } from '../../../plugins/irrigation/index.ts';
import { startBenchHub } from './hub-start.ts';
import { names } from './names.ts';

let now = 0;

const told = definePlugin({
  name: 'told',
  api: '^1.0.0',
  setup(hub) {
    hub.hooks.inbound.tap((message) => {
      const { content } = message;
      if (typeof content === 'object' && content !== null && 'time' in content) {
        now = Math.max(now, Number(content.time));
      }
      return message;
    });
  },
});

// Not stale while minutes of readings are on their way.
const sensor = { unit: '', scale: 1, offset: 0, interval: 86_400 };
const sensors = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`sensor${i}`, sensor]));
const irrigation = irrigationOn({ now: () => now, every: systemClock.every });
await startBenchHub([
  names(),
  told(),
  irrigation({ sensors, clock: 'unix-ms', readingsPerSecond: 1e9, burst: 1e9 }),
]);
