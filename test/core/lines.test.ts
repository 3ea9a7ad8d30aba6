import { test } from 'tap';
import type { Hub } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { Queue } from '../helpers/queue.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

function setUp(hub: Hub) {
  const got = new Queue<string>();
  const line = hub.line('gossip', (text) => {
    if (text === 'fail') throw new Error('no');
    got.push(text);
  });
  return { line, got };
}

test('a line carries texts to the same plugin on all other hubs, in order', async (t) => {
  const network = new SharedNetwork();
  const start = () => startWith(t, setUp, { broker: network.join() });
  const [a, b, c] = [await start(), await start(), await start()];
  const texts = Array.from({ length: 50 }, (_, i) => `${i} 漢\n`);
  for (const text of texts) a.parts.line.send(text);
  for (const { parts } of [b, c]) for (const text of texts) t.equal(await parts.got.next(), text);
  t.strictSame(a.parts.got.waiting, [], 'it does not come back');
  t.equal(a.parts.line.isAlone, false);

  b.parts.line.send('fail');
  b.parts.line.send('after');
  for (const { hub, parts } of [a, c]) {
    t.equal(await parts.got.next(), 'after', 'what the receiver throws is contained');
    t.match(loggedErrors(hub), [{ plugin: 'made-by-a-test', err: { message: 'no' } }]);
  }
});

test('a hub without others sends nowhere, and a name is a line once', async (t) => {
  const { parts } = await startWith(t, setUp);
  t.equal(parts.line.isAlone, true);
  parts.line.send('hello');
  t.strictSame(parts.got.waiting, []);
  const twice = plugin('twice', (hub) => {
    hub.line('x', () => {});
    hub.line('x', () => {});
  });
  await t.rejects(startHub(t, { plugins: [twice] }), { message: /plugin "twice" opened its line "x" twice/ });
});
