import { test } from 'tap';
import type { Services } from '../../../core/index.ts';
import { plugin } from '../../helpers/plugin.ts';
import { PASSWORD, post, startUsers } from './helpers.ts';

test('other plugins find users by id and by e-mail address, without secrets', async (t) => {
  let users: Services['users'] | undefined;
  const asking = plugin(
    'asking',
    (hub) => {
      users = hub.use('users');
    },
    { requires: ['users'] },
  );
  const hub = await startUsers(t, {}, { plugins: [asking] });
  await post(hub, 'register', { email: 'Ann@example.org', password: PASSWORD, name: 'Ann' });
  const { id } = (await post(hub, 'login', { email: 'ann@example.org', password: PASSWORD })).body.user;
  const expected = { id, email: 'Ann@example.org', rootId: `n::${id}`, fields: { name: 'Ann' }, roles: [] };
  t.strictSame(await users?.find('ANN@example.org'), expected);
  t.strictSame(await users?.get(id), expected);
  t.equal(await users?.find('bob@example.org'), undefined);
  t.equal(await users?.get('000000000000000000000001'), undefined);
});
