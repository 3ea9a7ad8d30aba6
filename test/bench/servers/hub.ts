/** The hub with a plugin that does what the other servers do: typed messages at `/`, `/document` over HTTP. */
import { definePlugin } from '../../../core/index.ts';
import { Echo, Publish, Subscribe } from '../wire.ts';
import { startBenchHub } from './hub-start.ts';
import { addRoutes } from './routes.ts';

const bench = definePlugin({
  name: 'bench',
  api: '^1.0.0',
  setup(hub) {
    addRoutes(hub.http);
    for (const path of ['/', '/filter']) {
      const endpoint = hub.endpoint(path, { envelope: { type: 'type', content: 'content' } });
      const echoed = endpoint.emits('ECHOED', Echo, { overflow: 'close' });
      const subscribed = endpoint.emits('SUBSCRIBED', Subscribe, { overflow: 'close' });
      const news = endpoint.emits('NEWS', Publish, { overflow: 'drop' });
      const options =
        path === '/' ? {} : { filter: (connection: { readonly isOpen: boolean }) => connection.isOpen };
      endpoint.on('ECHO', Echo, (content) => echoed(content));
      endpoint.on('SUBSCRIBE', Subscribe, async (content, connection) => {
        await hub.channels.join(connection, 'news');
        return subscribed(content);
      });
      endpoint.on('PUBLISH', Publish, (content) => hub.notify.channels(['news'], news(content), options));
    }
  },
});

await startBenchHub([bench()]);
