import { promiseHooks } from 'node:v8';
import { test } from 'tap';
import { HookPoints, isTapped } from '../../core/hooks.ts';
import { Type } from '../../core/index.ts';
import { connectRaw, frame, OPCODES } from '../helpers/raw-client.ts';
import { startWith } from '../helpers/start-with.ts';

test('a thousand messages with a synchronous handler make no promise', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
    const Numbered = Type.Object({ n: Type.Integer() });
    hub.hooks.opened.tap((connection) => void hub.channels.join(connection, 'all'));
    const echoed = endpoint.emits('ECHOED', Numbered, { overflow: 'close' });
    return endpoint.on('ECHO', Numbered, (content, connection) => {
      hub.notify.channels(['all'], echoed(content));
      hub.notify.self(connection, echoed(content));
      return echoed(content);
    });
  });
  const client = await connectRaw(t, hub, '/');
  const messages = Array.from({ length: 1_000 }, (_, n) =>
    frame(OPCODES.text, JSON.stringify({ type: 'ECHO', n })),
  );
  const answered = Promise.withResolvers<void>();
  let promises = 0;
  const stop = promiseHooks.onInit(() => void promises++);
  client.socket.on('data', () => {
    if (client.texts.length === 3_000) answered.resolve();
  });
  client.socket.write(Buffer.concat(messages));
  await answered.promise;
  stop();
  t.ok(promises < 100, `${promises}, which are those of the test`);
});

test('a hook is passed by until a plugin taps it', async (t) => {
  const hooks = new HookPoints(() => '');
  for (const hook of Object.values(hooks)) t.notOk(isTapped(hook), hook.name);
  hooks.forPlugin('test', () => {}).inbound.tap((message) => message);
  t.ok(isTapped(hooks.inbound));
  t.notOk(isTapped(hooks.outbound));
});
