/**
 * Two hubs on one Redis. Clients are on the near one: what they ask for at `/` is done by the far one, so that it comes over Redis; at
 * `/local`, echoes are of the near one. `/join` brings the connections there into 100 channels each.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Connection, definePlugin } from '../../../core/index.ts';
import redis from '../../../plugins/redis/index.ts';
import { Echo, Publish, Subscribe } from '../wire.ts';
import { CHANNELS_EACH, PREFIX, REDIS_URL } from './cluster.ts';
import { benchHub, startBenchHub } from './hub-start.ts';

interface Side {
  publish(content: { text: string }): void;
  echo(client: string, content: { id: number; text: string }): void;
}
const sides: Side[] = [];

const bench = definePlugin({
  name: 'bench',
  api: '^1.0.0',
  setup(hub) {
    const open = new Set<Connection<unknown>>();
    for (const path of ['/', '/local']) {
      const endpoint = hub.endpoint(path, { envelope: { type: 'type', content: 'content' } });
      const echoed = endpoint.emits('ECHOED', Echo, { overflow: 'close' });
      const subscribed = endpoint.emits('SUBSCRIBED', Subscribe, { overflow: 'close' });
      const news = endpoint.emits('NEWS', Publish, { overflow: 'drop' });
      const own: Side = {
        publish: (content) => hub.notify.channels(['news'], news(content)),
        echo: (client, content) => hub.notify.clients([client], echoed(content)),
      };
      // The far hub is set up first.
      if (path === '/') sides.push(own);
      const side = () => (path === '/' ? (sides[0] ?? own) : own);
      endpoint.on('ECHO', Echo, (content, { id }) => side().echo(id, content));
      endpoint.on('PUBLISH', Publish, (content) => side().publish(content));
      endpoint.on('SUBSCRIBE', Subscribe, async (content, connection) => {
        await hub.channels.join(connection, 'news');
        return subscribed(content);
      });
    }
    hub.hooks.opened.tap((connection) => void open.add(connection));
    hub.hooks.closed.tap(({ connection }) => void open.delete(connection));
    hub.http.get('/join', async () => {
      const joined: Promise<void>[] = [];
      let channel = 0;
      for (const connection of open) {
        for (let i = 0; i < CHANNELS_EACH; i++) joined.push(hub.channels.join(connection, `c${channel++}`));
        // As messages of clients would come, one after the other.
        await turn();
      }
      await Promise.all(joined);
      return { channels: channel };
    });
  },
});

const plugins = [bench(), redis({ url: REDIS_URL, prefix: PREFIX, store: false })];
await benchHub(plugins);
await startBenchHub(plugins);
