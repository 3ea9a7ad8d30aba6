import { type Test, test } from 'tap';
import type { Hub } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { Queue } from '../helpers/queue.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

function setUp(hub: Hub) {
  /** Texts, those with a key after it. */
  const got = new Queue<string>();
  /** Calls of `missed`, each with how it ends. */
  const missed = new Queue<PromiseWithResolvers<void>>();
  const line = hub.line('gossip', {
    receive(text, key) {
      if (text === 'fail') throw new Error('no');
      got.push(key === undefined ? text : `${key}: ${text}`);
    },
    missed() {
      const call = Promise.withResolvers<void>();
      missed.push(call);
      return call.promise;
    },
  });
  return { line, got, missed };
}

async function threeHubs(t: Test) {
  const network = new SharedNetwork();
  const start = async () => {
    const broker = network.join();
    const { hub, parts } = await startWith(t, setUp, { broker });
    return { hub, broker, ...parts };
  };
  return { network, hubs: [await start(), await start(), await start()] as const };
}

test('a line carries texts to the same plugin on all other hubs, in order', async (t) => {
  const [a, b, c] = (await threeHubs(t)).hubs;
  const texts = Array.from({ length: 50 }, (_, i) => `${i} 漢\n`);
  for (const text of texts) a.line.send(text);
  for (const { got } of [b, c]) for (const text of texts) t.equal(await got.next(), text);
  t.strictSame(a.got.waiting, [], 'it does not come back');
  t.equal(a.line.isAlone, false);

  b.line.send('fail');
  b.line.send('after');
  for (const { hub, got } of [a, c]) {
    t.equal(await got.next(), 'after', 'what the receiver throws is contained');
    t.match(loggedErrors(hub), [{ plugin: 'made-by-a-test', err: { message: 'no' } }]);
  }
});

test('texts with a key reach the hubs that follow it', async (t) => {
  const [a, b, c] = (await threeHubs(t)).hubs;
  await Promise.all([b.line.follow('x'), b.line.follow('x'), c.line.follow('y')]);
  for (const key of ['x', 'y', 'nobody']) a.line.send('hello', key);
  a.line.send('to all');
  t.strictSame([await b.got.next(), await b.got.next()], ['x: hello', 'to all']);
  t.strictSame([await c.got.next(), await c.got.next()], ['y: hello', 'to all']);

  a.line.send('under way', 'x');
  b.line.unfollow('x');
  a.line.send('again', 'x');
  a.line.send('end');
  t.equal(await b.got.next(), 'end');
  t.strictSame([...b.missed.waiting, ...c.missed.waiting], [], 'what it does not follow a hub does not miss');
});

test('a hub that lacks a text is told that it missed something', async (t) => {
  const { network, hubs } = await threeHubs(t);
  const [a, b, c] = hubs;
  await Promise.all([b, c].map(({ line }) => line.follow('x')));
  a.line.send('1');
  a.line.send('1', 'x');
  for (const topic of ['l made-by-a-test gossip', 'l made-by-a-test gossip x']) {
    b.broker.unsubscribe(topic);
    a.line.send('2');
    a.line.send('2', 'x');
    await b.broker.subscribe(topic);
  }
  a.line.send('3');
  a.line.send('3', 'x');
  await network.settled();
  t.equal(b.got.waiting.at(-1), 'x: 3');
  t.equal(b.missed.waiting.length, 1, 'once, for two texts it lacks');
  t.equal(c.missed.waiting.length, 0);
});

test('when a hub was cut off, it and all others may have missed something', async (t) => {
  const { network, hubs } = await threeHubs(t);
  const [a, b, c] = hubs;
  a.broker.cut();
  a.line.send('lost');
  b.line.send('lost');
  let isFollowed = false;
  const followed = a.line.follow('x').then(() => {
    isFollowed = true;
  });
  await network.settled();
  t.equal(isFollowed, false, 'while it is cut off, it follows nothing new');
  a.broker.restore();
  await followed;
  for (const { missed } of hubs) await missed.next();
  b.line.send('found', 'x');
  t.equal(await a.got.next(), 'x: found');
  t.strictSame(
    [a, b, c].flatMap(({ missed }) => missed.waiting),
    [],
    'once',
  );
});

test('what reads the store again never does so beside itself, and does it until it works', async (t) => {
  const { network, hubs } = await threeHubs(t);
  const [a, b] = hubs;
  const lapse = () => {
    a.broker.cut();
    a.broker.restore();
    return network.settled();
  };
  await lapse();
  const first = await b.missed.next();
  for (let i = 0; i < 5; i++) await lapse();
  t.strictSame(b.missed.waiting, []);
  first.resolve();
  const second = await b.missed.next();
  second.reject(new Error('the store is away'));
  (await b.missed.next()).resolve();
  await network.settled();
  t.strictSame(b.missed.waiting, []);
  t.match(loggedErrors(b.hub), [{ plugin: 'made-by-a-test', err: { message: 'the store is away' } }]);
});

test('a hub without others sends nowhere, and a name is a line once', async (t) => {
  const { parts } = await startWith(t, setUp);
  t.equal(parts.line.isAlone, true);
  parts.line.send('hello');
  await parts.line.follow('x');
  t.strictSame(parts.got.waiting, []);
  const twice = plugin('twice', (hub) => {
    hub.line('x', { receive: () => {} });
    hub.line('x', { receive: () => {} });
  });
  await t.rejects(startHub(t, { plugins: [twice] }), { message: /plugin "twice" opened its line "x" twice/ });
  const spaced = plugin('spaced', (hub) => void hub.line('x y', { receive: () => {} }));
  await t.rejects(startHub(t, { plugins: [spaced] }), { message: /the line "x y" has a space in its name/ });
});
