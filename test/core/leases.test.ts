import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import type { Hub, LeaseTerm } from '../../core/index.ts';
import { localLeases } from '../../core/leases/local.ts';
import { leaseContract, lonelyLeaseContract } from '../contract/leases.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin, watcher } from '../helpers/plugin.ts';
import { Queue } from '../helpers/queue.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { SharedLeases } from '../helpers/shared-leases.ts';
import { startWith } from '../helpers/start-with.ts';

lonelyLeaseContract('a hub that is alone', localLeases);
leaseContract('hubs of one process', (_t, termMs) => {
  const shared = new SharedLeases(termMs);
  return [shared, shared];
});

/** A lease, the terms in which the hub held it, and the runs of a task that one hub runs at a time. */
function setUp(hub: Hub) {
  const lease = hub.lease('x');
  const terms = new Queue<LeaseTerm>();
  const runs = new Queue<AbortSignal>();
  lease.onHeld((term) => void terms.push(term));
  hub.every('tick', 5, (signal) => void runs.push(signal), { once: true });
  return { lease, terms, runs };
}

const member = (t: Test, network: SharedNetwork) => startWith(t, setUp, network.hub());

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

test('a hub that is alone holds all its leases from when it serves until it stops', async (t) => {
  const begun = Date.now();
  const { hub, parts } = await startWith(t, setUp);
  const term = await parts.terms.next();
  t.ok(term.fence >= begun, 'higher than those of earlier processes');
  t.equal(parts.lease.fence, term.fence);
  const run = await parts.runs.next();
  t.equal(run.aborted, false);
  await hub.stop();
  t.strictSame([term.signal.aborted, run.aborted], [true, true]);
  t.equal(parts.lease.fence, undefined);
  t.strictSame(parts.terms.waiting, [], 'one term');
});

test('one hub of a cluster holds a lease; when it stops, another one does at once, under a higher fence', async (t) => {
  const network = new SharedNetwork();
  const [a, b] = [await member(t, network), await member(t, network)];
  const first = await a.parts.terms.next();
  await a.parts.runs.next();
  t.equal(b.parts.lease.fence, undefined);
  t.strictSame(b.parts.runs.waiting, [], 'what runs once per cluster does not run here');
  await a.hub.stop();
  // Terms are a minute here: nothing but the word of the first one gets the second one to ask so soon.
  const second = await b.parts.terms.next();
  t.ok(second.fence > first.fence);
  t.equal(first.signal.aborted, true);
  await b.parts.runs.next();
});

test('a lease is given back when what runs in its term has ended', async (t) => {
  const network = new SharedNetwork();
  const done = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const holder = await startWith(
    t,
    (hub) => {
      hub.lease('x').onHeld(() => {
        begun.resolve();
        return done.promise;
      });
      return hub;
    },
    network.hub(),
  );
  const other = await member(t, network);
  await begun.promise;
  const stopped = holder.hub.stop();
  await network.settled();
  t.equal(other.parts.lease.fence, undefined);
  done.resolve();
  await stopped;
  await other.parts.terms.next();
});

test('a hub that cannot renew its leases ends its terms before another hub can begin one', async (t) => {
  const network = new SharedNetwork(1_000);
  const { leases } = network;
  const { hub, parts } = await member(t, network);
  const first = await parts.terms.next();
  leases.isAway = true;
  // As timers, so that the order is right on a slow machine, too.
  const free = wait(leases.lastAnswer + leases.termMs - performance.now(), 'free');
  t.equal(await Promise.race([free, aborted(first.signal).then(() => 'ended')]), 'ended');
  t.equal(parts.lease.fence, undefined);
  parts.runs.waiting.splice(0);

  leases.isAway = false;
  const second = await parts.terms.next();
  t.ok(second.fence > first.fence);
  await parts.runs.next();
  const warnings = hub.logged.filter(({ level }) => level === 40);
  t.match(warnings, [
    { msg: 'leases cannot be renewed; trying again', err: { message: 'the leases are away' } },
  ]);
});

test('a hub that was paused for longer than its term knows at once that it does not hold the lease', async (t) => {
  const network = new SharedNetwork(400);
  const { parts } = await member(t, network);
  const first = await parts.terms.next();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  t.equal(parts.lease.fence, undefined, 'before any timer could tell it');
  t.equal(first.signal.aborted, false);
  const second = await parts.terms.next();
  t.equal(first.signal.aborted, true);
  t.ok(second.fence > first.fence);
});

test('what fails in a term is contained, and it is not run again before it has ended', async (t) => {
  const leases = new SharedLeases(200);
  const terms = new Queue<LeaseTerm>();
  const watch = watcher();
  const runs = new Queue<PromiseWithResolvers<void>>();
  const holds = plugin('holds', (hub) => {
    const lease = hub.lease('x');
    lease.onHeld((term) => {
      terms.push(term);
      throw new Error('no');
    });
    lease.onHeld(() => {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      return run.promise;
    });
  });
  await startHub(t, { plugins: [watch.plugin, holds], leases });
  t.match(await watch.failures.next(), { plugin: 'holds', where: 'lease "x"', error: { message: 'no' } });
  const first = await runs.next();
  leases.isAway = true;
  await aborted((await terms.next()).signal);
  leases.isAway = false;
  await terms.next();
  t.strictSame(runs.waiting, []);
  first.reject(new Error('late'));
  (await runs.next()).resolve();
});
