import { once } from 'node:events';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { type Hub, Type } from '../../core/index.ts';
import { type Client, connect, type TestHub } from '../helpers/hub.ts';
import { connectRaw, frame, OPCODES } from '../helpers/raw-client.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

const MEGABYTES_16 = 2 ** 24;

function echo(hub: Hub) {
  for (const path of ['/', '/large']) {
    const limits = { burst: 1_000_000, messageBytes: path === '/' ? 65_536 : MEGABYTES_16 };
    const endpoint = hub.endpoint(path, { envelope: { type: 'type', content: 'content' }, limits });
    const echoed = endpoint.emits('ECHOED', Type.Unknown(), { overflow: 'close' });
    endpoint.on('ECHO', Type.Unknown(), (content) => echoed(content));
    endpoint.on('LENGTH', Type.Object({ text: Type.String() }), ({ text }) => echoed(text.length));
  }
  return true;
}

/** A hub, and a connection that must go on working whatever others do. */
async function hubWithBystander(t: Test) {
  const { hub } = await startWith(t, echo);
  const bystander = await connect(t, hub, '/');
  return { hub, bystander };
}

async function assertUnharmed(t: Test, hub: TestHub, bystander: Client): Promise<void> {
  const content = hub.logged.length + Math.random();
  bystander.send({ type: 'ECHO', content });
  t.equal((await bystander.next()).content, content, 'another connection is answered');
  t.strictSame(loggedErrors(hub), [], 'and nothing failed inside');
}

const text = (payload: string | Uint8Array) => frame(OPCODES.text, payload);

const forbidden: Record<string, Buffer> = {
  'an unknown opcode': frame(5, 'hello'),
  'an unknown control opcode': frame(12, 'hello'),
  'a reserved bit': frame(OPCODES.text, '{}', { reserved: 1 }),
  'a compressed frame that was not negotiated': frame(OPCODES.text, 'x', { reserved: 4 }),
  'a continuation of nothing': frame(OPCODES.continuation, 'hello'),
  'a new message amid the fragments of another': Buffer.concat([
    frame(OPCODES.text, '{', { fin: false }),
    text('}'),
  ]),
  'a fragmented ping': frame(OPCODES.ping, 'p', { fin: false }),
  'a ping of 200 bytes': frame(OPCODES.ping, Buffer.alloc(200)),
  'a length beyond all limits': frame(OPCODES.text, 'x', { length: 2n ** 40n }),
  'a length of 64 bits': frame(OPCODES.text, 'x', { length: 2n ** 64n - 1n }),
  'a text that is not UTF-8': text(Buffer.from([0xc3, 0x28])),
  'a text that is not UTF-8 across fragments': Buffer.concat([
    frame(OPCODES.text, Buffer.from([0xc3]), { fin: false }),
    frame(OPCODES.continuation, '('),
  ]),
  'a surrogate in UTF-8': text(Buffer.from([0xed, 0xa0, 0x80])),
};

for (const [name, bytes] of Object.entries(forbidden)) {
  test(`${name} ends that connection, and no other`, async (t) => {
    const { hub, bystander } = await hubWithBystander(t);
    const client = await connectRaw(t, hub, '/');
    client.socket.write(bytes);
    await client.closed;
    await assertUnharmed(t, hub, bystander);
  });
}

test('a close frame with a wrong payload ends the connection in the usual way', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const tooShort = Buffer.from([1]);
  const badCode = Buffer.from([0, 5]);
  const badText = Buffer.from([3, 232, 0xc3, 0x28]);
  for (const payload of [tooShort, badCode, badText, Buffer.alloc(0)]) {
    const client = await connectRaw(t, hub, '/');
    client.socket.write(frame(OPCODES.close, payload));
    t.not(await client.closed, undefined, 'with a close frame');
  }
  await assertUnharmed(t, hub, bystander);
});

test('frames without a mask are never taken for messages', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connectRaw(t, hub, '/');
  const unmasked = frame(OPCODES.text, JSON.stringify({ type: 'ECHO', content: 1 }), { masked: false });
  client.socket.write(Buffer.concat([unmasked, unmasked]));
  client.socket.end();
  await client.closed;
  t.strictSame(client.texts, []);
  await assertUnharmed(t, hub, bystander);
});

test('fragments with pings between them are one message', async (t) => {
  const { hub } = await hubWithBystander(t);
  const client = await connectRaw(t, hub, '/');
  const whole = Buffer.from(JSON.stringify({ type: 'ECHO', content: 'ä漢' }));
  // Cut within characters, too.
  for (const [i, byte] of whole.entries()) {
    const opcode = i === 0 ? OPCODES.text : OPCODES.continuation;
    client.socket.write(frame(opcode, Uint8Array.of(byte), { fin: i === whole.length - 1 }));
    client.socket.write(frame(OPCODES.ping, String(i)));
  }
  await client.until((message) => message === JSON.stringify({ type: 'ECHOED', content: 'ä漢' }));
});

test('empty frames and null bytes are refused as unreadable, and the connection lives', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connect(t, hub, '/');
  for (const payload of ['', '\0', '\0'.repeat(1_000), '{"type":"ECHO\0"', '{"type":"ECHO",\0"content":1}']) {
    for (const binary of [false, true]) {
      client.socket.send(Buffer.from(payload), { binary });
      t.equal((await client.next()).error.code, 'invalid_json');
    }
  }
  client.send({ type: 'ECHO', content: '\0' });
  t.strictSame(
    await client.next(),
    { type: 'ECHOED', content: '\0' },
    'inside of a string it is a character',
  );
  await assertUnharmed(t, hub, bystander);
});

test('keys that could reach a prototype are refused wherever they are', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connect(t, hub, '/');
  for (const content of [
    '{"__proto__":{"polluted":true}}',
    '{"a":[{"__proto__":null}]}',
    '{"\\u005f_proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"a":{"constructor" : {"prototype":{}}}}',
    '{"constructor":{"constructor":{"prototype":1}}}',
  ]) {
    client.send(`{"type":"ECHO","content":${content}}`);
    t.equal((await client.next()).error?.code, 'invalid_json', content);
  }
  client.send('{"__proto__":{"type":"ECHO"}}');
  t.equal((await client.next()).error.code, 'invalid_json');
  t.notOk('polluted' in {});
  client.send('{"type":"ECHO","content":{"constructor":"a word like others","prototype":1}}');
  t.strictSame((await client.next()).content, { constructor: 'a word like others', prototype: 1 });
  await assertUnharmed(t, hub, bystander);
});

test('deep nesting is refused, however deep', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connect(t, hub, '/large');
  for (const levels of [201, 10_000, 100_000, 1_000_000]) {
    const arrays = `${'['.repeat(levels)}${']'.repeat(levels)}`;
    client.send(`{"type":"ECHO","content":${arrays}}`);
    t.equal((await client.next()).error.code, 'invalid_json', `${levels} arrays`);
    client.send('['.repeat(levels));
    t.equal((await client.next()).error.code, 'invalid_json', `${levels} open arrays`);
  }
  const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  client.send(`{"type":"ECHO","content":${objects}}`);
  t.equal((await client.next()).error.code, 'invalid_json');
  client.send(`{"type":"ECHO","content":{"__proto__":1,"a":${objects}}}`);
  t.equal((await client.next()).error.code, 'invalid_json');
  await assertUnharmed(t, hub, bystander);
});

test('numbers beyond all bounds are numbers as JavaScript reads them, or not numbers', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connect(t, hub, '/');
  for (const [number, read] of [
    ['1e400', null],
    ['-1e400', null],
    ['1e-400', 0],
    ['9'.repeat(10_000), null],
    [`0.${'0'.repeat(10_000)}1`, 0],
    ['9007199254740993', 9007199254740992],
  ] as const) {
    client.send(`{"type":"ECHO","content":[${number}]}`);
    t.strictSame((await client.next()).content, [read]);
  }
  for (const number of ['01', '1.', '.5', '+1', '0x10', 'NaN', 'Infinity', '1_000', '1n']) {
    client.send(`{"type":"ECHO","content":[${number}]}`);
    t.equal((await client.next()).error.code, 'invalid_json', number);
  }
  await assertUnharmed(t, hub, bystander);
});

test('a string of 10 MB passes where it is allowed', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connect(t, hub, '/large');
  for (const string of ['x'.repeat(10_000_000), '\\"'.repeat(2_000_000)]) {
    client.send({ type: 'LENGTH', content: { text: string } });
    t.equal((await client.next()).content, string.length);
  }
  client.send(`{"type":"LENGTH","content":{"text":"${'x'.repeat(10_000_000)}`);
  t.equal((await client.next()).error.code, 'invalid_json', 'one that does not end is refused');
  await assertUnharmed(t, hub, bystander);
});

test('an answer never repeats much of what was wrong', async (t) => {
  const { hub } = await hubWithBystander(t);
  const client = await connect(t, hub, '/large');
  const long = 'x'.repeat(100_000);
  for (const message of [
    long,
    `{"type":"${long}"}`,
    `{"type":"LENGTH","content":"${long}"}`,
    `{"type":"LENGTH","content":{"text":{"${long}":1}}}`,
  ]) {
    client.send(message);
    t.ok(JSON.stringify(await client.next()).length < 500);
  }
});

test('mutated messages never harm the hub', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const client = await connect(t, hub, '/');
  const base = JSON.stringify({ type: 'ECHO', content: { a: [1, 'two', null], b: { c: true } } });
  const mutation = fc.record({
    place: fc.nat(base.length),
    length: fc.nat(6),
    insert: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('__proto__', '{', '[', '"', '\\', '\\u', 'e999', ',', ':', '\ud800'),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      let message = base;
      for (const { place, length, insert } of mutations)
        message = message.slice(0, place) + insert + message.slice(place + length);
      client.send(message);
      const answer = await client.next();
      return answer.type === 'ECHOED' || answer.error.code !== 'internal';
    }),
    { numRuns: 500 },
  );
  await assertUnharmed(t, hub, bystander);
});

test('random bytes after the handshake never harm the hub', async (t) => {
  const { hub, bystander } = await hubWithBystander(t);
  const header = fc.tuple(fc.nat(255), fc.nat(255)).map((bytes) => Uint8Array.from(bytes));
  const looksLikeFrame = fc
    .record({
      opcode: fc.nat(15),
      payload: fc.uint8Array({ maxLength: 200 }),
      fin: fc.boolean(),
      masked: fc.boolean(),
      length: fc.oneof(fc.constant(undefined), fc.bigInt({ min: 0n, max: 70_000n })),
    })
    .map(({ opcode, payload, length, ...more }) =>
      frame(opcode, payload, length === undefined ? more : { ...more, length }),
    );
  const bytes = fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 300 }), looksLikeFrame), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(bytes, async (chunks) => {
      const client = await connectRaw(t, hub, '/');
      for (const chunk of chunks) client.socket.write(chunk);
      client.socket.end();
      client.socket.resume();
      await once(client.socket, 'close');
    }),
    { numRuns: 150 },
  );
  await assertUnharmed(t, hub, bystander);
});
