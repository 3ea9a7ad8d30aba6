/** The hub with CityIO and its demo table, and the plain routes of the other servers beside it. */
import { definePlugin } from '../../../core/index.ts';
import cityio from '../../../plugins/cityio/index.ts';
import { startBenchHub } from './hub-start.ts';
import { addRoutes } from './routes.ts';

const document = definePlugin({
  name: 'document',
  api: '^1.0.0',
  setup(hub) {
    addRoutes(hub.http);
  },
});

await startBenchHub([cityio({ demo: true }), document()]);
