import { test } from 'tap';
import { type Hub, Type } from '../../core/index.ts';
import { connect } from '../helpers/hub.ts';
import { connectRaw, frame, OPCODES } from '../helpers/raw-client.ts';
import { startWith } from '../helpers/start-with.ts';

/** `/small` accepts 100 bytes, `/large` 1,000; both answer LENGTH. */
function endpoints(hub: Hub) {
  for (const [path, messageBytes] of [
    ['/small', 100],
    ['/large', 1_000],
  ] as const) {
    const endpoint = hub.endpoint(path, { envelope: { type: 'type' }, limits: { messageBytes } });
    const length = endpoint.emits('LENGTH', Type.Object({ length: Type.Number() }), { overflow: 'close' });
    endpoint.on('PAD', Type.Object({ pad: Type.String() }), ({ pad }) =>
      length({ length: padded(0, pad).length }),
    );
  }
  return true;
}

/** A message of so many bytes, or with this text in it. */
function padded(bytes: number, pad?: string): string {
  const empty = '{"type":"PAD","pad":""}';
  return `${empty.slice(0, -2)}${pad ?? 'x'.repeat(bytes - empty.length)}"}`;
}

test('a message longer than its endpoint accepts is refused, and the connection lives', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/small');
  client.send(padded(100));
  t.strictSame(await client.next(), { type: 'LENGTH', length: 100 });
  for (const bytes of [101, 1_000]) {
    client.send(padded(bytes));
    const message = `the message has ${bytes} bytes, at most 100 are accepted`;
    t.strictSame(await client.next(), { error: { code: 'message_too_large', message } });
  }
  client.send(padded(50));
  t.strictSame(await client.next(), { type: 'LENGTH', length: 50 });
});

test('bytes are counted, not characters, before anything is read', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/small');
  client.send(`nonsense ${'漢'.repeat(40)}`);
  t.match(await client.next(), { error: { code: 'message_too_large' } });
  client.socket.send(Buffer.alloc(101, 0xff), { binary: true });
  t.match(await client.next(), { error: { code: 'message_too_large' } });
});

test('a message longer than any endpoint accepts cuts the connection, also when it comes in fragments', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const large = await connect(t, hub, '/large');
  large.send(padded(1_000));
  t.strictSame(await large.next(), { type: 'LENGTH', length: 1_000 });
  for (const path of ['/small', '/large']) {
    const client = await connect(t, hub, path);
    client.send(padded(1_001));
    t.equal((await client.closed).code, 1006, 'without a close frame');
    const raw = await connectRaw(t, hub, path);
    raw.socket.write(frame(OPCODES.text, 'x'.repeat(600), { fin: false }));
    raw.socket.write(frame(OPCODES.continuation, 'x'.repeat(600)));
    t.equal(await raw.closed, undefined);
  }
  large.send(padded(100));
  t.strictSame(await large.next(), { type: 'LENGTH', length: 100 }, 'others are not touched');
});

test('without limits of its own, an endpoint has those of the hub', async (t) => {
  const { hub } = await startWith(
    t,
    (hub) => {
      endpoints(hub);
      return hub.endpoint('/', { envelope: { type: 'type' } });
    },
    { limits: { messageBytes: 200 } },
  );
  const client = await connect(t, hub, '/');
  client.send(padded(201));
  t.match(await client.next(), { error: { code: 'message_too_large' } });
});
