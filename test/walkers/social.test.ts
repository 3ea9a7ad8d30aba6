import { test } from 'tap';
import { person, request, shipped } from './shipped.ts';

/** A user with a profile, and what the user can do. */
async function member(hub: Awaited<ReturnType<typeof shipped>>['hub'], name: string) {
  const { token, root } = await person(hub);
  const walk = async (walker: string, body: object = {}, node = '') => {
    const answer = await request(hub, `/walker/${walker}${node && `/${node}`}`, { token, body });
    return answer.status < 400 ? answer.body.reports : answer.status;
  };
  const [profile] = await walk('make_profile', { name });
  return { root, walk, profile: profile.id as string };
}

test('profiles follow each other', async (t) => {
  const { hub } = await shipped();
  const [ann, bob] = [await member(hub, 'Ann'), await member(hub, 'Bob')];
  t.strictSame(await bob.walk('follow', {}, ann.profile), [['Ann']]);
  t.strictSame(await bob.walk('follow', {}, ann.profile), [['Ann']], 'once is enough');
  t.strictSame(await ann.walk('followers'), [['Bob']]);
  t.equal(await ann.walk('follow', {}, ann.profile), 500, 'not oneself');
  t.strictSame(await bob.walk('unfollow', {}, ann.profile), [true]);
  t.strictSame(await bob.walk('unfollow', {}, ann.profile), [false]);
  t.strictSame(await ann.walk('followers'), [[]]);
});

test('posts are seen by those they are for', async (t) => {
  const { hub } = await shipped();
  const [ann, bob, eve] = [await member(hub, 'Ann'), await member(hub, 'Bob'), await member(hub, 'Eve')];
  await bob.walk('follow', {}, ann.profile);
  for (const to of ['everybody', 'followers', 'nobody']) await ann.walk('write_post', { text: to, to });
  await eve.walk('follow', {}, ann.profile);
  const feed = async (who: typeof ann) =>
    (await who.walk('feed')).map((post: { context: { text: string } }) => post.context.text);
  t.strictSame(await feed(bob), ['everybody', 'followers']);
  t.strictSame(await feed(eve), ['everybody'], 'she followed later');
  t.strictSame(await feed(ann), []);
  await ann.walk('block', { root_id: eve.root });
  t.strictSame(await feed(eve), []);
  t.equal(await eve.walk('follow', {}, ann.profile), 403);
  t.strictSame(await feed(bob), ['everybody', 'followers']);
});

test('only those who may write change a post', async (t) => {
  const { hub } = await shipped();
  const [ann, bob, eve] = [await member(hub, 'Ann'), await member(hub, 'Bob'), await member(hub, 'Eve')];
  const [open] = await ann.walk('write_post', { text: 'first', to: 'everybody' });
  const [hidden] = await ann.walk('write_post', { text: 'hidden', to: 'nobody' });
  const stored = async () => (await ann.walk('read_post', { id: open.id }))[0].context.text;
  t.match(await bob.walk('edit_post', { text: 'bad' }, open.id), [{ context: { text: 'bad' } }]);
  t.equal(await stored(), 'first', 'only READ: in memory, but not stored');
  await ann.walk('share_post', { root_id: bob.root }, open.id);
  await bob.walk('edit_post', { text: 'better' }, open.id);
  t.equal(await stored(), 'better');
  await eve.walk('share_post', { root_id: eve.root }, open.id);
  await eve.walk('edit_post', { text: 'bad' }, open.id);
  t.equal(await stored(), 'better', 'nobody grants what is not theirs');
  t.equal(await bob.walk('edit_post', { text: 'x' }, hidden.id), 403);
  t.strictSame(await bob.walk('read_post', { id: hidden.id }), [null]);
});
