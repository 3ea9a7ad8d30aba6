import { type Test, test } from 'tap';
import type { Keep } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { KEEP, news, settle } from '../helpers/news.ts';
import { plugin } from '../helpers/plugin.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

async function join(t: Test, network: SharedNetwork, keep?: Keep) {
  const broker = network.join();
  const { hub, parts } = await startWith(t, (own) => news(own, keep), { broker });
  return { hub, broker, ...parts };
}

test('all hubs receive what all append, in one order', async (t) => {
  const network = new SharedNetwork();
  const hubs = [await join(t, network), await join(t, network), await join(t, network)] as const;
  const appended = Array.from({ length: 50 }, (_, i) =>
    hubs.map(({ stream }, hub) => stream.append(`${hub} says ${i}`, i)),
  );
  await Promise.all(appended.flat());
  await settle(hubs);
  const [{ got, ids, stream }] = hubs;
  t.equal(got.length, 150);
  t.strictSame(
    got.map((text) => Number.parseInt(text, 10)),
    Array.from({ length: 150 }, (_, i) => i + 1),
  );
  t.equal(new Set(ids).size, 150);
  for (const [hub, one] of hubs.entries()) {
    const bare = (texts: string[]) => texts.map((text) => text.replace(/ \(.*/, ''));
    t.strictSame(bare(one.got), bare(got));
    t.strictSame(one.ids, ids);
    t.strictSame(one.stream.position, stream.position);
    t.strictSame(
      one.got.filter((text) => text.includes('own')).map((text) => text.replace(/^\d+ /, '')),
      Array.from({ length: 50 }, (_, i) => `${hub} says ${i} (own ${i})`),
      'each knows its own',
    );
  }
});

test('a hub that starts receives what is kept, and misses nothing', async (t) => {
  const network = new SharedNetwork();
  const first = await join(t, network);
  for (let i = 1; i <= 3; i++) await first.stream.append(`no ${i}`, i);
  const second = await join(t, network);
  t.strictSame(second.got, ['1 no 1', '2 no 2', '3 no 3']);
  const { epoch } = first.stream.position;
  t.strictSame(second.stream.position, { epoch, offset: 3 });
  t.ok(second.stream.covers({ epoch, offset: 0 }));
});

test('a hub that is cut off goes on by itself; afterwards all have all, once', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  await a.stream.append('before', 0);
  await settle([a, b]);
  const { position } = b.stream;
  b.broker.cut();
  await a.stream.append('elsewhere', 1);
  // The first one is under way when it turns out that nobody takes it.
  await b.stream.append('cut off', 2);
  await b.stream.append('still', 3);
  t.strictSame(b.got, ['1 before', 'unplaced cut off (own 2)', 'unplaced still (own 3)']);
  t.notOk(b.stream.covers(position), 'nobody knows what a client lacks that saw only this');
  await b.stream.catchUp();
  t.equal(b.got.length, 3, 'there is nothing to catch up with');

  b.broker.restore();
  await settle([b, a]);
  await a.stream.append('after', 4);
  await settle([a, b]);
  t.strictSame(b.got.slice(3), ['2 elsewhere', '5 after']);
  t.strictSame(a.got.slice(1), ['2 elsewhere (own 1)', '3 cut off', '4 still', '5 after (own 4)']);
  const at = (offset: number) => ({ ...position, offset });
  t.ok(a.stream.covers(position));
  t.notOk(b.stream.covers(at(3)), 'what it received before it had its place is no part of what it can tell');
  t.ok(b.stream.covers(at(4)));
  t.notOk(b.stream.covers(at(6)), 'what is to come is not known');
  t.notOk(b.stream.covers({ epoch: 'another', offset: 4 }));
});

test('an entry of which nobody knows whether it was appended is not appended twice', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  const received = b.stream.append('perhaps', 1);
  b.broker.cut();
  await received;
  t.strictSame(b.got, ['unplaced perhaps (own 1)']);
  await a.stream.catchUp();
  t.strictSame(a.got, ['1 perhaps']);
  b.broker.restore();
  await settle([b, a]);
  await b.stream.append('next', 2);
  await settle([b, a]);
  t.strictSame(a.got, ['1 perhaps', '2 next']);
  t.strictSame(b.got, ['unplaced perhaps (own 1)', '2 next (own 2)']);
});

test('also when it is kept no longer, it is known to be there', async (t) => {
  const network = new SharedNetwork();
  const keep = { ...KEEP, entries: 1 };
  const [a, b] = [await join(t, network, keep), await join(t, network, keep)];
  const received = b.stream.append('perhaps', 1);
  b.broker.cut();
  await received;
  for (let i = 1; i <= 3; i++) await a.stream.append(`${i}`, i);
  b.broker.restore();
  await settle([b, a, b]);
  t.strictSame(a.got[0], '1 perhaps');
  t.strictSame(b.got, ['unplaced perhaps (own 1)', 'missed, goes on after 3', '4 3']);
  await settle([b]);
  t.ok(b.stream.covers({ ...b.stream.position, offset: 3 }), 'nothing waits for its place');
});

test('what is kept no longer may be missed, and is told so', async (t) => {
  const network = new SharedNetwork();
  const keep = { ...KEEP, entries: 3 };
  const [a, b] = [await join(t, network, keep), await join(t, network, keep)];
  b.broker.cut();
  for (let i = 1; i <= 3; i++) await a.stream.append(`${i}`, i);
  b.broker.restore();
  await settle([b]);
  t.strictSame(b.got.splice(0), ['1 1', '2 2', '3 3'], 'just enough is kept');
  b.broker.cut();
  for (let i = 4; i <= 8; i++) await a.stream.append(`${i}`, i);
  b.broker.restore();
  await settle([b]);
  t.strictSame(b.got, ['missed, goes on after 5', '6 6', '7 7', '8 8']);
  const { epoch } = b.stream.position;
  t.notOk(b.stream.covers({ epoch, offset: 4 }));
  t.ok(b.stream.covers({ epoch, offset: 5 }));
});

test('when the broker may have lost entries, all are told', async (t) => {
  const network = new SharedNetwork();
  const hubs = [await join(t, network), await join(t, network)] as const;
  const [a, b] = hubs;
  await a.stream.append('perhaps lost', 1);
  await settle(hubs);
  const { position } = a.stream;
  network.streams.restart();
  await b.stream.append('then', 2);
  await settle(hubs);
  t.strictSame(a.got.slice(1), ['missed, goes on after 0', '1 then']);
  t.strictSame(b.got.slice(1), ['missed, goes on after 0', '1 then (own 2)']);
  for (const { stream } of hubs) {
    t.not(stream.position.epoch, position.epoch);
    t.notOk(stream.covers(position));
  }
});

test('of more than may wait for the broker the oldest is dropped, which all are told', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  b.broker.cut();
  for (let i = 1; i <= 10; i++) await b.stream.append(`${i} ${'x'.repeat(1_000_000)}`, i);
  t.equal(b.got.length, 10, 'here all are received');
  b.broker.restore();
  await settle([b, a, b]);
  const last = Array.from({ length: 8 }, (_, i) => `${i + 1} ${i + 3} xxx`);
  t.match(
    a.got.map((text) => text.slice(0, 10)),
    ['missed, go', ...last.map((text) => new RegExp(`^${text}`))],
  );
  t.match(b.got.slice(10), ['missed, goes on after 0'], 'here they are not received again');
  await b.stream.append('after', 11);
  t.strictSame(b.got.at(-1), '9 after (own 11)');
  t.ok(b.stream.covers({ ...b.stream.position, offset: 8 }));
  t.match(
    b.hub.logged.filter(({ stream }) => stream === 'news'),
    [{ plugin: 'made-by-a-test', msg: /waits/ }, { msg: /goes to the other hubs/ }],
  );
});

test('a hub does not wait for an entry that claims to be its own and never was', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  await b.stream.append('own', 1);
  await settle([a, b]);
  const node = b.ids[0]?.slice(0, 8);
  const options = { node: 'ffffffff', number: 1, keep: KEEP, follows: false, isAfterLoss: false };
  await a.broker.append('s made-by-a-test news', `${node}zzzzzzzz forged`, options);
  await settle([a, b]);
  await b.stream.append('next', 2);
  t.strictSame(b.got, ['1 own (own 1)', '3 next (own 2)']);
});

test('who has to know all catches up', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  // Placed at once, on its way to the hubs for a turn.
  void a.stream.append('x', 1);
  t.strictSame(b.got, []);
  await b.stream.catchUp();
  t.strictSame(b.got, ['1 x']);
});

test('what a hub appends before it listens is received at once, and by the others', async (t) => {
  const network = new SharedNetwork();
  const a = await join(t, network);
  const b = await startWith(
    t,
    (hub) => {
      const parts = news(hub);
      void parts.stream.append('hello', 1);
      return parts;
    },
    { broker: network.join() },
  );
  t.strictSame(b.parts.got, ['unplaced hello (own 1)']);
  await a.stream.catchUp();
  t.strictSame(a.got, ['1 hello']);
});

test('without other hubs an entry is received while it is appended', async (t) => {
  const { hub, parts } = await startWith(t, news);
  const { stream, got } = parts;
  const { position } = stream;
  void stream.append('a', 1);
  void stream.append('fail', 2);
  void stream.append('b', 3);
  t.strictSame(got, ['1 a (own 1)', '3 b (own 3)'], 'what the receiver throws is contained');
  t.match(loggedErrors(hub), [{ plugin: 'made-by-a-test', err: { message: 'no' } }]);
  t.strictSame(stream.position, { ...position, offset: 3 });
  t.ok(stream.covers(position));
  t.notOk(stream.covers({ ...position, offset: 4 }));
  t.notOk(stream.covers({ epoch: 'another', offset: 0 }));
});

test('a stream has a name of its own', async (t) => {
  const opens = (...names: string[]) =>
    plugin('opens', (hub) => {
      for (const name of names) hub.stream(name, { keep: KEEP, receive: () => {}, missed: () => {} });
    });
  await t.rejects(startHub(t, { plugins: [opens('x', 'x')] }), {
    message: /plugin "opens" opened its stream "x" twice/,
  });
  await t.rejects(startHub(t, { plugins: [opens('{x}')] }), { message: /cannot be named "\{x\}"/ });
});
