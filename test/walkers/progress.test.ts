import { test } from 'tap';
import { person, shipped, type Visitor, visit } from './shipped.ts';

test('progress walkers tell every step in order, and the end last', async (t) => {
  const { hub } = await shipped();
  const [ann, bob] = [await person(hub), await person(hub)];
  const user = await visit(t, hub, ann.token);
  const other = await visit(t, hub, bob.token, '?channel_id=c1');
  const told = async (walker: string, context: object, who: Visitor) => {
    user.send({ type: 'walker', walker, response: true, context: { steps: 4, ...context } });
    for (const step of [1, 2, 3, 4])
      t.match(await who.next(), { type: 'progress', data: { step, steps: 4, percent: step * 25 } }, walker);
    t.strictSame(await user.next(), { status: 200, reports: ['completed'] });
  };
  await told('progress_to_self', {}, user);
  await told('progress_to_user', { root_id: bob.root }, other);
  await told('progress_to_channel', { channel_id: 'c1' }, other);
  await told('progress_to_client', { client_id: other.id }, other);
});
