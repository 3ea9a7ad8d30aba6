import { Agent, get } from 'node:http';
import { type Test, test } from 'tap';
import { connect } from '../helpers/hub.ts';
import { API, project, type Running } from '../helpers/project.ts';

/**
 * `/work`: WORK is answered with DONE when RELEASE came over another connection; HANG never is. `GET /work` is answered then, too.
 * What was worked on is kept in the store.
 */
const WORKER = `
  import { definePlugin, Type } from ${API};
  const release = Promise.withResolvers();
  const never = new Promise(() => {});
  const worker = definePlugin({ name: 'worker', api: '^1.0.0', setup(hub) {
    const work = hub.endpoint('/work', { envelope: { type: 'type' } });
    const Empty = Type.Object({});
    const started = work.emits('STARTED', Empty, { overflow: 'close' });
    const done = work.emits('DONE', Type.Object({ before: Type.Integer() }), { overflow: 'close' });
    const kept = hub.store.collection('kept');
    work.on('WORK', Empty, async (_, connection) => {
      connection.send(started({}));
      await release.promise;
      const before = (await kept.ids()).length;
      await kept.put(connection.id, true);
      return done({ before });
    });
    work.on('HANG', Empty, (_, connection) => {
      connection.send(started({}));
      return never;
    });
    hub.http.get('/work', async () => {
      hub.log.info('route started');
      await release.promise;
      return 'done';
    });
    hub.http.get('/release', () => { release.resolve(); return 'released'; });
    hub.onDrain(() => hub.log.info('draining'));
    hub.onClose(() => kept.put('closed', true));
  } });
`;
const config = (limits = '') => `${WORKER} export default { plugins: [worker()], limits: { ${limits} } }`;
const RESTARTING = { code: 4000, reason: /^the hub restarts; reconnect in \d+ ms$/ };

const said = (hub: Running, message: string) => hub.log.next(({ msg }) => msg === message);

/** Requests over one connection that stays open: a stopping hub takes no new ones. */
function keepAlive(t: Test, port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  return (path: string) =>
    new Promise<string>((resolve, reject) => {
      get({ agent, host: '127.0.0.1', port, path }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve(`${response.statusCode} ${Buffer.concat(chunks)}`);
      }).on('error', reject);
    });
}

test('SIGTERM: what runs is finished, clients are told to come back, the store is flushed', async (t) => {
  const { start } = project(t, config());
  const hub = await start();
  const port = hub.ports[0] ?? 0;
  const ask = keepAlive(t, port);
  const worker = await connect(t, { port }, '/work');
  const idle = await connect(t, { port }, '/work');
  worker.send({ type: 'WORK' });
  await worker.next('STARTED');
  t.equal(await ask('/health/ready'), '200 {"status":"ok"}');
  const slow = fetch(`http://127.0.0.1:${port}/work`).then((answer) => answer.text());
  await said(hub, 'route started');

  hub.child.kill('SIGTERM');
  await said(hub, 'SIGTERM: stopping');
  await said(hub, 'draining');
  t.equal(await ask('/health/ready'), '503 {"status":"not ready"}');
  await t.rejects(fetch(`http://127.0.0.1:${port}/health/live`), 'no new connection is taken');
  worker.send({ type: 'WORK' });
  t.equal(await ask('/release'), '200 released');
  t.strictSame(await worker.next(), { type: 'DONE', before: 0 }, 'the reply of the handler arrives');
  t.equal(await slow, 'done', 'so does the answer of the route');
  t.match(await worker.closed, RESTARTING);
  t.strictSame(worker.waiting, [], 'what came after the signal is not handled');
  t.match(await idle.closed, RESTARTING);
  t.strictSame(await hub.ended, { code: 0, signal: null });

  const again = await start();
  const port2 = again.ports[0] ?? 0;
  const client = await connect(t, { port: port2 }, '/work');
  client.send({ type: 'WORK' });
  await client.next('STARTED');
  await fetch(`http://127.0.0.1:${port2}/release`);
  t.strictSame(await client.next(), { type: 'DONE', before: 2 }, 'both writes are there');
});

test('an answer that is under way is waited for, however busy other clients are', async (t) => {
  const hub = await project(t, config()).start();
  const port = hub.ports[0] ?? 0;
  const ask = keepAlive(t, port);
  await ask('/health/live');
  const slow = fetch(`http://127.0.0.1:${port}/work`).then((answer) => answer.text());
  await said(hub, 'route started');
  hub.child.kill('SIGTERM');
  await said(hub, 'draining');
  for (let i = 0; i < 5; i++) t.match(await ask('/health/ready'), /^503/);
  await ask('/release');
  t.equal(await slow, 'done');
  t.strictSame(await hub.ended, { code: 0, signal: null });
});

test('a handler that never ends is cut at the deadline', async (t) => {
  const hub = await project(t, config('stopMs: 300')).start();
  const client = await connect(t, { port: hub.ports[0] ?? 0 }, '/work');
  client.send({ type: 'HANG' });
  await client.next('STARTED');
  hub.child.kill('SIGTERM');
  await said(hub, 'handlers were still running at the deadline of the stop');
  t.match(await client.closed, RESTARTING);
  t.strictSame(await hub.ended, { code: 0, signal: null });
});

test('a second signal ends the process at once', async (t) => {
  const hub = await project(t, config('stopMs: 60000')).start();
  const client = await connect(t, { port: hub.ports[0] ?? 0 }, '/work');
  client.send({ type: 'HANG' });
  await client.next('STARTED');
  hub.child.kill('SIGTERM');
  await said(hub, 'draining');
  hub.child.kill('SIGINT');
  t.strictSame(await hub.ended, { code: 1, signal: null });
});
