/** uWebSockets.js and the bare client library: what hub-pair.ts does, without hubs. */
import { setImmediate as turn } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { uws, type WebSocket } from '../../../core/transport/uws.ts';
import { Echo, Publish, Subscribe } from '../wire.ts';
import { CHANNELS_EACH, PREFIX, REDIS_URL } from './cluster.ts';
import { serveUws } from './serve.ts';
import { MessageTypes } from './typed.ts';

interface Client {
  readonly id: string;
}
type Socket = WebSocket<Client>;

const sender = await createClient({ url: REDIS_URL }).connect();
const receiver = await createClient({ url: REDIS_URL }).connect();
const app = uws.App();
const sockets = new Map<string, Socket>();
const named = (name: string) => `${PREFIX}:${name}`;
let opened = 0;
/** Of the texts for one client: its name comes first. */
const ID_LENGTH = 8;
await receiver.sSubscribe(
  named('inbox'),
  (bytes: Buffer) => {
    sockets.get(bytes.toString('latin1', 0, ID_LENGTH))?.send(bytes.subarray(ID_LENGTH));
  },
  true,
);
await receiver.sSubscribe(named('news'), (bytes: Buffer) => void app.publish('news', bytes), true);

for (const path of ['/', '/local'] as const) {
  const types = new MessageTypes<Socket>()
    .on('ECHO', Echo, (content, socket) => {
      const answer = { type: 'ECHOED', content };
      if (path === '/local') return answer;
      void sender.sPublish(named('inbox'), socket.getUserData().id + JSON.stringify(answer));
      return undefined;
    })
    .on('SUBSCRIBE', Subscribe, (content, socket) => {
      socket.subscribe('news');
      return { type: 'SUBSCRIBED', content };
    })
    .on('PUBLISH', Publish, (content) => {
      void sender.sPublish(named('news'), JSON.stringify({ type: 'NEWS', content }));
      return undefined;
    });
  app.ws<Client>(path, {
    upgrade: (response, request, context) =>
      response.upgrade(
        { id: String(opened++).padStart(ID_LENGTH) },
        request.getHeader('sec-websocket-key'),
        request.getHeader('sec-websocket-protocol'),
        request.getHeader('sec-websocket-extensions'),
        context,
      ),
    open: (socket) => void sockets.set(socket.getUserData().id, socket),
    close: (socket) => void sockets.delete(socket.getUserData().id),
    message: (socket, bytes) => {
      const reply = types.receive(Buffer.from(bytes).toString(), socket);
      if (reply !== undefined) socket.send(reply);
    },
  });
}

app.get('/join', async (response) => {
  response.onAborted(() => {});
  const joined: Promise<void>[] = [];
  let channel = 0;
  for (const socket of sockets.values()) {
    for (let i = 0; i < CHANNELS_EACH; i++) {
      const name = `c${channel++}`;
      socket.subscribe(name);
      joined.push(receiver.sSubscribe(named(name), (bytes: Buffer) => void app.publish(name, bytes), true));
    }
    await turn();
  }
  await Promise.all(joined);
  response.cork(() => response.end(JSON.stringify({ channels: channel })));
});
serveUws(app);
