/** What is committed to a stream: received in its place or not at all, and known to be there once the promise resolves. */
import { type Test, test } from 'tap';
import { news, settle } from '../helpers/news.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { startWith } from '../helpers/start-with.ts';

async function join(t: Test, network: SharedNetwork, waitMs?: number) {
  const broker = network.join(waitMs);
  const { parts } = await startWith(t, (own) => news(own), { broker });
  return { broker, ...parts };
}

const outcome = (committed: Promise<void>) =>
  committed.then(
    () => 'done',
    (error: { readonly code: string; readonly statusCode: number }) => `${error.code} ${error.statusCode}`,
  );

test('it is received by all hubs in its place before the promise resolves', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  await Promise.all([a.stream.append('one', 1), a.stream.commit('two', 2), a.stream.append('three', 3)]);
  await settle([b]);
  t.strictSame(a.got, ['1 one (own 1)', '2 two (own 2)', '3 three (own 3)']);
  t.strictSame(b.got, ['1 one', '2 two', '3 three']);
});

test('a hub that is cut off waits for the others, and its entries have their places then', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  b.broker.cut();
  // The first one is under way when it turns out that nobody takes it.
  const committed = [b.stream.commit('under way', 1), b.stream.append('at once', 2)];
  await committed[1];
  committed.push(b.stream.commit('later', 3), b.stream.commit('last', 4));
  await a.stream.append('elsewhere', 0);
  t.strictSame(b.got, ['unplaced at once (own 2)'], 'nobody is told before');
  b.broker.restore();
  await Promise.all(committed);
  await settle([b, a]);
  t.strictSame(b.got.slice(1), ['1 elsewhere', '2 under way (own 1)', '4 later (own 3)', '5 last (own 4)']);
  t.strictSame(a.got, ['1 elsewhere (own 0)', '2 under way', '3 at once', '4 later', '5 last']);
});

test('who waits for too long is told what became of it', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network, 10)];
  b.broker.cut();
  t.equal(await outcome(b.stream.commit('under way', 1)), 'outcome_unknown 503');
  t.equal(await outcome(b.stream.commit('later', 2)), 'cut_off 503');
  t.strictSame(b.got, []);
  b.broker.restore();
  await settle([b, a]);
  t.equal(await outcome(b.stream.commit('after', 3)), 'done');
  await settle([a]);
  t.strictSame(a.got, ['1 under way', '2 after'], 'what was refused is nowhere');
  t.strictSame(b.got, ['1 under way (own 1)', '2 after (own 3)']);
});

test('of which nobody knew whether it was there it is found, once', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  const committed = b.stream.commit('perhaps', 1);
  b.broker.cut();
  await a.stream.catchUp();
  t.strictSame(a.got, ['1 perhaps']);
  t.strictSame(b.got, []);
  b.broker.restore();
  await committed;
  await settle([b, a]);
  t.strictSame([a.got, b.got], [['1 perhaps'], ['1 perhaps (own 1)']]);
});

test('more than may wait for the others is refused at once', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await join(t, network), await join(t, network)];
  b.broker.cut();
  await b.stream.append('cut off', 0);
  const large = 'x'.repeat(3_000_000);
  const committed = [1, 2, 3].map((n) => outcome(b.stream.commit(`${n}${large}`, n)));
  t.equal(await committed[2], 'cut_off 503');
  b.broker.restore();
  t.strictSame(await Promise.all(committed), ['done', 'done', 'cut_off 503']);
  await settle([a]);
  t.match(a.got, [/^1 cut off/, /^2 1x/, /^3 2x/]);
  t.equal(a.got.length, 3);
});

test('what a hub commits before it listens has its place', async (t) => {
  const network = new SharedNetwork();
  const a = await join(t, network);
  const { parts } = await startWith(
    t,
    (own) => {
      const { stream, got } = news(own);
      return { got, committed: stream.commit('in good time', 1) };
    },
    { broker: network.join() },
  );
  await parts.committed;
  await settle([a]);
  t.strictSame(a.got, ['1 in good time']);
  t.match(parts.got, [/ in good time \(own 1\)$/]);
});
