import { test } from 'tap';
import chat from '../../../plugins/chat/index.ts';
import topics from '../../../plugins/topics/index.ts';
import { startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { Queue } from '../../helpers/queue.ts';
import { logIn } from './wire.ts';

test('other plugins are told what happens in rooms', async (t) => {
  const told = new Queue<[topic: string, event: unknown]>();
  const listener = plugin('listener', (hub) => {
    hub.use('topics').subscribe('chat.*', (event, topic) => told.push([topic, event]));
  });
  const hub = await startHub(t, { plugins: [chat(), topics(), listener] });
  const [ann, second] = [await logIn(t, hub, 'ann', { profile: 'admin' }), await logIn(t, hub, 'ann')];
  const { Users, LastUpdated, ...room } = await ann.join({ RoomTypeObject: 'x', RoomLabel: 'X' });
  t.strictSame(await told.next(), ['chat.joined', { room, user: 'ann' }]);
  await second.join({ RoomTypeObject: 'x' });
  ann.post(room.Uuid, 'hello');
  const message = await ann.nextPost();
  t.strictSame(await told.next(), ['chat.message', { room, message }]);
  ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid: room.Uuid, Uuid: message.Uuid } });
  t.strictSame(await told.next(), ['chat.message_deleted', { room, message }]);
  for (const client of [second, ann]) {
    client.send({ '@type': 'LEAVE', Room: { Uuid: room.Uuid } });
    await client.all();
    await ann.all();
  }
  t.strictSame(await told.next(), ['chat.left', { room, user: 'ann' }]);
  ann.send({ '@type': 'DELETE_ROOM', Room: { Uuid: room.Uuid } });
  t.strictSame(await told.next(), ['chat.room_deleted', { room }]);
});
