import { test } from 'tap';
import { connect } from '../helpers/hub.ts';
import { API, project } from '../helpers/project.ts';

test('errors that escape the callbacks of a plugin are logged, and the process goes on', async (t) => {
  const hub = await project(
    t,
    `
    import { EventEmitter } from 'node:events';
    import { definePlugin, Type } from ${API};
    const careless = definePlugin({ name: 'careless', api: '^1.0.0', setup(hub) {
      const endpoint = hub.endpoint('/x', { envelope: { type: 'type' } });
      const pong = endpoint.emits('PONG', Type.Object({}), { overflow: 'close' });
      endpoint.on('TIMER', Type.Object({}), () => { setTimeout(() => { throw new Error('timer'); }, 0); });
      endpoint.on('REJECTION', Type.Object({}), () => { Promise.reject(new Error('rejection')); });
      endpoint.on('EMITTER', Type.Object({}), () => {
        setImmediate(() => new EventEmitter().emit('error', new Error('emitter')));
      });
      endpoint.on('PING', Type.Object({}), () => pong({}));
      hub.onReady(() => { setImmediate(() => { throw new Error('at the start'); }); });
    } });
    export default { plugins: [careless()] };`,
  ).start();
  const logged = async (message: string, text: string) => {
    const entry = await hub.log.next(
      ({ err }) => (err as { message?: string } | undefined)?.message === message,
    );
    t.match(entry, { level: 50, msg: text, err: { stack: /hub\.config\.ts/ } });
  };
  await logged('at the start', 'uncaught error in a callback');
  const client = await connect(t, { port: hub.ports[0] ?? 0 }, '/x');
  client.send({ type: 'TIMER' });
  await logged('timer', 'uncaught error in a callback');
  client.send({ type: 'REJECTION' });
  await logged('rejection', 'rejected promise that nobody handles');
  client.send({ type: 'EMITTER' });
  await logged('emitter', 'uncaught error in a callback');
  client.send({ type: 'PING' });
  t.strictSame(await client.next(), { type: 'PONG' });
  hub.child.kill('SIGTERM');
  t.strictSame(await hub.ended, { code: 0, signal: null });
});
