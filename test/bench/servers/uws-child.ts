/** Bare uWebSockets.js and a child process that makes the same call in an isolate: lines of one turn leave together. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { uws, type WebSocket } from '../../../core/transport/uws.ts';
import { serveUws } from './serve.ts';

const child = spawn(
  process.execPath,
  ['--no-node-snapshot', fileURLToPath(new URL('./bare-child.ts', import.meta.url))],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
/** Whose answers will come, in order. */
const asked: WebSocket<unknown>[] = [];
const open = new Set<WebSocket<unknown>>();
let outgoing = '';
createInterface({ input: child.stdout }).on('line', (line) => {
  const socket = asked.shift();
  if (socket !== undefined && open.has(socket)) socket.send(line);
});

const app = uws.App();
app.ws('/websocket', {
  open: (socket) => {
    open.add(socket);
    socket.send('{"type":"connection"}');
  },
  close: (socket) => void open.delete(socket),
  message: (socket, bytes) => {
    const { context } = JSON.parse(Buffer.from(bytes).toString());
    if (outgoing === '') {
      setImmediate(() => {
        child.stdin.write(outgoing);
        outgoing = '';
      });
    }
    outgoing += `${JSON.stringify(context)}\n`;
    asked.push(socket);
  },
});
serveUws(app);
