/** Chat on bare uWebSockets.js: the same messages, checked and published, with nothing stored. */
import { randomUUID } from 'node:crypto';
import { uws } from '../../../core/transport/uws.ts';
import { ChatJoin, ChatPost } from '../wire.ts';
import { serveUws } from './serve.ts';
import { checker } from './typed.ts';

const checkJoin = checker(ChatJoin);
const checkPost = checker(ChatPost);

const app = uws.App();
app.ws('/chat', {
  message: (socket, bytes) => {
    const { '@type': type, ...content } = JSON.parse(Buffer.from(bytes).toString());
    if (type === 'JOIN') {
      const { Room } = checkJoin(content);
      socket.subscribe(Room.RoomTypeObject);
      const update = {
        '@type': 'ROOM_UPDATE',
        Room: { ...Room, Uuid: Room.RoomTypeObject.padStart(36, '0') },
      };
      socket.send(JSON.stringify(update));
    } else if (type === 'POST') {
      const { Message } = checkPost(content);
      const posted = {
        Uuid: randomUUID(),
        ...Message,
        Author: 'ann',
        Timestamp: Math.floor(Date.now() / 1000),
      };
      app.publish(Message.RoomUuid.replace(/^0+/, ''), JSON.stringify(posted));
    }
  },
});
serveUws(app);
