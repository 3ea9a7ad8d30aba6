/** The ws package with typed messages. */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Echo, Publish, Subscribe } from '../wire.ts';
import { announce } from './serve.ts';
import { MessageTypes } from './typed.ts';

const subscribers = new Set<WebSocket>();
const types = new MessageTypes<WebSocket>()
  .on('ECHO', Echo, (content) => ({ type: 'ECHOED', content }))
  .on('SUBSCRIBE', Subscribe, (content, socket) => {
    subscribers.add(socket);
    socket.once('close', () => subscribers.delete(socket));
    return { type: 'SUBSCRIBED', content };
  })
  .on('PUBLISH', Publish, (content) => {
    const bytes = Buffer.from(JSON.stringify({ type: 'NEWS', content }));
    for (const socket of subscribers) socket.send(bytes, { binary: false });
    return undefined;
  });

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (socket) => {
  socket.on('error', () => {}); // the generator resets its connections
  socket.on('message', (data) => {
    const reply = types.receive(data.toString(), socket);
    if (reply !== undefined) socket.send(reply);
  });
});
server.once('listening', () => announce((server.address() as AddressInfo).port));
