/** The hub with walkers, whose child processes never rest: as soon as a limit ends one loop, the next is asked for. */
import WebSocket from 'ws';
import { startWalkersHub } from './walkers-hub.ts';

const socket = new WebSocket(`ws://127.0.0.1:${await startWalkersHub()}/websocket`);
socket.on('message', () =>
  socket.send(JSON.stringify({ type: 'walker', walker: 'loop', response: true, context: {} })),
);
