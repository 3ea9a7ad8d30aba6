/** uWebSockets.js without a hub: `/` typed messages, `/raw` an echo of bytes, `/document` over HTTP. */
import { uws, type WebSocket } from '../../../core/transport/uws.ts';
import { Document, Echo, Publish, Subscribe, sampleDocument } from '../wire.ts';
import { serveUws } from './serve.ts';
import { checker, MessageTypes } from './typed.ts';

const app = uws.App();
const types = new MessageTypes<WebSocket<unknown>>()
  .on('ECHO', Echo, (content) => ({ type: 'ECHOED', content }))
  .on('SUBSCRIBE', Subscribe, (content, socket) => {
    socket.subscribe('news');
    return { type: 'SUBSCRIBED', content };
  })
  .on('PUBLISH', Publish, (content) => {
    app.publish('news', JSON.stringify({ type: 'NEWS', content }));
    return undefined;
  });

app.ws('/', {
  message: (socket, bytes) => {
    const reply = types.receive(Buffer.from(bytes).toString(), socket);
    if (reply !== undefined) socket.send(reply);
  },
});
app.ws('/raw', { message: (socket, bytes, isBinary) => void socket.send(bytes, isBinary) });

app.get('/document', (response) => {
  response.writeHeader('content-type', 'application/json').end(JSON.stringify(sampleDocument));
});
const checkDocument = checker(Document);
app.post('/document', (response) => {
  const chunks: Buffer[] = [];
  response.onAborted(() => {});
  response.onData((chunk, isLast) => {
    chunks.push(Buffer.from(Buffer.from(chunk))); // a copy: the chunk is dead after this callback
    if (!isLast) return;
    const { items } = checkDocument(JSON.parse(Buffer.concat(chunks).toString()));
    response.cork(() => {
      response
        .writeHeader('content-type', 'application/json')
        .end(JSON.stringify({ status: 'ok', items: items.length }));
    });
  });
});
serveUws(app);
