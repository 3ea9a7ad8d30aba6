import { test } from 'tap';
import { person, request, shipped, visit } from './shipped.ts';

test('chat walkers reach the client itself, a user, a channel and a client', async (t) => {
  const { hub } = await shipped();
  const [ann, bob] = [await person(hub), await person(hub)];
  const user = await visit(t, hub, ann.token, '?channel_id=c1');
  const [bob1, bob2] = [await visit(t, hub, bob.token, '?channel_id=c1'), await visit(t, hub, bob.token)];
  const walk = (walker: string, context: object) => user.send({ type: 'walker', walker, context });
  const chat = (message: string) => ({ type: 'chat', data: { message } });
  walk('send_chat_to_self', { message: 'one' });
  t.strictSame(await user.next(), chat('one'));
  walk('send_chat_to_user', { root_id: bob.root, message: 'two' });
  t.strictSame([await bob1.next(), await bob2.next()], [chat('two'), chat('two')]);
  walk('send_chat_to_group', { channel_id: 'c1', message: 'three' });
  t.strictSame([await bob1.next(), await user.next()], [chat('three'), chat('three')]);
  walk('send_chat_to_client', { client_id: bob2.id, message: 'four' });
  t.strictSame(await bob2.next(), chat('four'));
  const body = { root_id: ann.root, message: 'five' };
  t.equal((await request(hub, '/walker/send_chat_to_user', { token: bob.token, body })).status, 200);
  t.strictSame(await user.next(), chat('five'));
});

test('chat walkers are for logged-in users, and take messages of some length', async (t) => {
  const { hub } = await shipped();
  const guest = await visit(t, hub);
  t.match(await guest.walk('send_chat_to_self', { message: 'x' }), { error: /to be authenticated/ });
  const { token } = await person(hub);
  const user = await visit(t, hub, token);
  const long = await user.walk('send_chat_to_self', { message: 'x'.repeat(2_001) });
  t.match(long, { error: [{ loc: ['context', 'message'], type: 'string_too_long' }] });
});
