import { test } from 'tap';
import { SharedNetwork } from '../../helpers/shared-broker.ts';
import { startWalkers, visit } from './wire.ts';

test('what a walker notifies reaches clients on other hubs of a cluster', async (t) => {
  const network = new SharedNetwork();
  const files = {
    'tell.ts': `import { Root, socket, Type, walker } from 'hub:walker';
export const tell = walker({
  specs: { methods: ['websocket'], auth: false },
  has: { target: Type.String() },
}).entry(Root, (w, here) => {
  socket.notify_channels(['c'], { to: 'channel' });
  socket.notify_users([here.id], { to: 'user' });
  socket.notify_clients([w.target], { to: 'client' });
});`,
  };
  const start = () => startWalkers(t, files, {}, { broker: network.join() });
  const [first, second] = [await start(), await start()];
  const here = await visit(t, first);
  const there = await visit(t, second, undefined, '?channel_id=c');
  await network.settled();
  here.send({ type: 'walker', walker: 'tell', context: { target: there.id } });
  for (const to of ['channel', 'user', 'client']) t.strictSame(await there.next(), { to });
  t.strictSame(await here.next(), { to: 'user' }, 'the public root is that of both hubs');
});
