import { Agent, request } from 'node:http';
import { type Test, test } from 'tap';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';

/** Asks over one connection that stays open: once the hub drains, no new one is taken. */
function keepAlive(t: Test, hub: TestHub) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  return (path: string) =>
    new Promise<[number | undefined, string]>((resolve, reject) => {
      request({ agent, port: hub.port, host: '127.0.0.1', path }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve([response.statusCode, String(Buffer.concat(chunks))]);
      })
        .on('error', reject)
        .end();
    });
}

test('a running hub is live and ready', async (t) => {
  const hub = await startHub(t);
  for (const path of ['/health/live', '/health/ready']) {
    const answer = await fetch(`${hub.origin}${path}`);
    t.equal(answer.status, 200);
    t.strictSame(await answer.json(), { status: 'ok' });
    t.equal((await fetch(`${hub.origin}${path}`, { method: 'HEAD' })).status, 200);
  }
});

test('while it drains, a hub is live and not ready, and takes no new connection', async (t) => {
  const draining = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const slow = plugin('slow', (hub) =>
    hub.onDrain(() => {
      draining.resolve();
      return release.promise;
    }),
  );
  const hub = await startHub(t, { plugins: [slow] });
  const ask = keepAlive(t, hub);
  t.strictSame(await ask('/health/ready'), [200, '{"status":"ok"}']);
  const stopped = hub.stop();
  await draining.promise;
  t.strictSame(await ask('/health/ready'), [503, '{"status":"not ready"}']);
  t.strictSame(await ask('/health/live'), [200, '{"status":"ok"}']);
  await t.rejects(fetch(`${hub.origin}/health/live`), 'the port is closed');
  release.resolve();
  await stopped;
});

test('a plugin that has a reason not to be ready says so, one that fails at it too, and the hub is live', async (t) => {
  let reason: string | undefined = 'no connection';
  const store = plugin('remote', (hub) => hub.readyUnless(() => reason));
  const hub = await startHub(t, {
    plugins: [plugin('fine', (hub) => hub.readyUnless(() => undefined)), store],
  });
  const ready = async () => {
    const answer = await fetch(`${hub.origin}/health/ready`);
    return [answer.status, await answer.json()];
  };
  t.strictSame(await ready(), [503, { status: 'not ready', obstacles: { remote: 'no connection' } }]);
  t.equal((await fetch(`${hub.origin}/health/live`)).status, 200);
  reason = undefined;
  t.strictSame(await ready(), [200, { status: 'ok' }]);
});

test('a plugin that cannot say whether it is ready is not', async (t) => {
  const broken = plugin('broken', (hub) =>
    hub.readyUnless(() => {
      throw new Error('mistake');
    }),
  );
  const hub = await startHub(t, { plugins: [broken] });
  const answer = await fetch(`${hub.origin}/health/ready`);
  t.equal(answer.status, 503);
  t.match(await answer.json(), { obstacles: { broken: /could not be found out/ } });
  t.match(hub.logged.at(-1), { plugin: 'broken', err: { message: 'mistake' } });
});
