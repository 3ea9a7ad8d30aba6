/** What an update of a grid costs at the least: one parse, one validation, one hash, one stringify, one publish. */
import { createHash } from 'node:crypto';
import Type from 'typebox';
import { uws, type WebSocket } from '../../../core/transport/uws.ts';
import { serveUws } from './serve.ts';
import { MessageTypes } from './typed.ts';

/** The sender of an update and its receivers may be as far behind as a few grids of 100×100 cells. */
const LIMIT = 64 * 1024 * 1024;
const Cell = Type.Object({
  id: Type.Integer({ minimum: 0 }),
  name: Type.String(),
  color: Type.Array(Type.Number(), { minItems: 3, maxItems: 4 }),
  height: Type.Number(),
  interactive: Type.Union([Type.String(), Type.Boolean()]),
});
const app = uws.App();
let state = { cells: '[]', hash: '' };

const types = new MessageTypes<WebSocket<unknown>>()
  .on('LISTEN', Type.Object({ gridId: Type.String() }), (_content, socket) => {
    socket.subscribe('grid');
    return { type: 'TABLE_SNAPSHOT', content: state };
  })
  .on('UPDATE_GRID', Type.Object({ geogriddata: Type.Array(Cell) }), ({ geogriddata }) => {
    const cells = JSON.stringify(geogriddata);
    state = { cells, hash: createHash('sha256').update(cells).digest('hex') };
    app.publish('grid', `{"type":"GEOGRIDDATA_UPDATE","content":${cells}}`);
    return undefined;
  });

app.ws('/interface', {
  maxPayloadLength: LIMIT,
  maxBackpressure: LIMIT,
  message: (socket, bytes) => {
    const reply = types.receive(Buffer.from(bytes).toString(), socket);
    if (reply !== undefined) socket.send(reply);
  },
});
// The table is created before anything is measured: here only its answer matters.
app.post('/api/table/:name', (response) => {
  response.onAborted(() => {});
  response.onData((_chunk, isLast) => {
    if (isLast) response.end('{"status":"ok"}');
  });
});
serveUws(app);
