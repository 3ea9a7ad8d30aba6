/** Chat on Socket.IO's rooms: the same messages, checked and sent, with nothing stored. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { ChatJoin, ChatPost } from '../wire.ts';
import { announce } from './serve.ts';
import { checker } from './typed.ts';

const checkJoin = checker(ChatJoin);
const checkPost = checker(ChatPost);

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.on('JOIN', (content: unknown) => {
    const { Room } = checkJoin(content);
    const Uuid = Room.RoomTypeObject.padStart(36, '0');
    socket.join(Uuid);
    socket.emit('ROOM_UPDATE', { Room: { ...Room, Uuid } });
  });
  socket.on('POST', (content: unknown) => {
    const { Message } = checkPost(content);
    const Timestamp = Math.floor(Date.now() / 1000);
    io.to(Message.RoomUuid).emit('', { Uuid: randomUUID(), ...Message, Author: 'ann', Timestamp });
  });
});
http.listen(0, '127.0.0.1', () => announce((http.address() as AddressInfo).port));
