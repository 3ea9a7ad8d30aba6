/** Socket.IO over WebSocket with the same validation; the parsing and the dispatch are its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { Echo, Publish, Subscribe } from '../wire.ts';
import { announce } from './serve.ts';
import { checker } from './typed.ts';

const checkEcho = checker(Echo);
const checkSubscribe = checker(Subscribe);
const checkPublish = checker(Publish);

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.on('ECHO', (content: unknown) => {
    socket.emit('ECHOED', checkEcho(content));
  });
  socket.on('SUBSCRIBE', (content: unknown) => {
    socket.join('news');
    socket.emit('SUBSCRIBED', checkSubscribe(content));
  });
  socket.on('PUBLISH', (content: unknown) => {
    io.to('news').emit('NEWS', checkPublish(content));
  });
});
http.listen(0, '127.0.0.1', () => announce((http.address() as AddressInfo).port));
