import { test } from 'tap';
import { SharedNetwork } from '../../helpers/shared-broker.ts';
import { startWalkers, visit } from './wire.ts';

test('what a walker notifies reaches clients on other hubs of a cluster, and its events run walkers once', async (t) => {
  const network = new SharedNetwork();
  const files = {
    'tell.ts': `import { Root, socket, topics, Type, walker } from 'hub:walker';
export const tell = walker({
  specs: { methods: ['websocket'], auth: false },
  has: { target: Type.String() },
}).entry(Root, (w, here) => {
  socket.notify_channels(['c'], { to: 'channel' });
  socket.notify_users([here.id], { to: 'user' });
  socket.notify_clients([w.target], { to: 'client' });
  topics.publish('x.told', 1);
  topics.publish('x.told', 2);
});
export const heard = walker({ specs: { private: true, on: ['x.told'] } }).entry(Root, (w) =>
  socket.notify_channels(['c'], { heard: w.event.data }),
);`,
  };
  const start = () => startWalkers(t, files, {}, { broker: network.join() });
  const [first, second] = [await start(), await start()];
  const here = await visit(t, first);
  const there = await visit(t, second, undefined, '?channel_id=c');
  await network.settled();
  const tell = () => here.send({ type: 'walker', walker: 'tell', context: { target: there.id } });
  tell();
  for (const to of ['channel', 'user', 'client']) t.strictSame(await there.next(), { to });
  t.strictSame(await here.next(), { to: 'user' }, 'the public root is that of both hubs');
  const heard = [await there.next(), await there.next()];
  tell();
  // What was told twice would come in between.
  for (let i = 0; i < 5; i++) heard.push(await there.next());
  t.strictSame(heard.map((message) => JSON.stringify(message)).sort(), [
    ...['{"heard":1}', '{"heard":1}', '{"heard":2}', '{"heard":2}'],
    ...['{"to":"channel"}', '{"to":"client"}', '{"to":"user"}'],
  ]);
});
