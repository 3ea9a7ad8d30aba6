import { test } from 'tap';
import { type Hub, JsonText, Type } from '../../core/index.ts';
import { connect } from '../helpers/hub.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

const Point = Type.Object({ x: Type.Integer(), y: Type.Integer({ default: 0 }) });

/** An endpoint `/nested` with the content in a field of its own, and `/flat` with it beside the type. */
function endpoints(hub: Hub) {
  const nested = hub.endpoint('/nested', { envelope: { type: 'type', content: 'content' } });
  const moved = nested.emits('MOVED', Point, { overflow: 'close' });
  nested.on('MOVE', Point, (content) => moved(content));
  nested.on('MOVE_LATER', Point, async (content) => moved(content));
  nested.on('NO_REPLY', Type.Object({}), () => {});
  const flat = hub.endpoint('/flat', { envelope: { type: '@type' } });
  const flatMoved = flat.emits('MOVED', Point, { overflow: 'close' });
  const empty = flat.emits('EMPTY', Type.Object({}), { overflow: 'close' });
  flat.on('MOVE', Point, (content) => flatMoved(content));
  flat.on('EMPTY', Type.Object({}, { additionalProperties: false }), (content) => empty(content));
  return { nested, moved, flatMoved, empty };
}

test('a message reaches the handler of its type, and what that returns is the reply', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/nested');
  client.send({ type: 'MOVE', content: { x: 1, y: 2 } });
  t.strictSame(await client.next(), { type: 'MOVED', content: { x: 1, y: 2 } });
  client.send({ type: 'MOVE_LATER', content: { x: 3, y: 4 } });
  t.strictSame(await client.next(), { type: 'MOVED', content: { x: 3, y: 4 } }, 'a promise is waited for');
  client.send({ type: 'MOVE', content: { x: 5 } });
  t.strictSame(await client.next(), { type: 'MOVED', content: { x: 5, y: 0 } }, 'defaults are filled in');
  client.send({ type: 'NO_REPLY', content: {} });
  client.send({ type: 'MOVE', content: { x: 6 } });
  t.strictSame((await client.next()).content.x, 6, 'a handler that returns nothing does not reply');
});

test('a flat message has its content beside the type, and the type is not part of the content', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/flat');
  client.send({ '@type': 'MOVE', x: 1 });
  t.strictSame(await client.next(), { '@type': 'MOVED', x: 1, y: 0 });
  client.send({ x: 2, '@type': 'MOVE' });
  t.strictSame(await client.next(), { '@type': 'MOVED', x: 2, y: 0 });
  client.send({ '@type': 'EMPTY' });
  t.strictSame(await client.next(), { '@type': 'EMPTY' }, 'a schema without further properties is met');
});

test('missing content is an empty object', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', content: 'content' } });
    const seen = endpoint.emits('SEEN', Type.Object({ content: Type.Unknown() }), { overflow: 'close' });
    endpoint.on('LOOK', Type.Object({}), (content) => seen({ content }));
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  for (const message of [
    { type: 'LOOK' },
    { type: 'LOOK', content: null },
    { type: 'LOOK', content: {}, more: 1 },
  ]) {
    client.send(message);
    t.strictSame(await client.next(), { type: 'SEEN', content: { content: {} } });
  }
});

test('content that does not match is refused with path, expectation and what was found', async (t) => {
  const Shape = Type.Object(
    {
      points: Type.Array(Point),
      kind: Type.Union([Type.Literal('a'), Type.Literal('b')]),
    },
    { additionalProperties: false },
  );
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', content: 'content' } });
    endpoint.on('SHAPE', Shape, () => void t.fail('the handler is not called'));
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  const points = [{ x: 1, y: 1 }];
  for (const [content, explanation] of [
    [{ points: [{ x: 1 }, { x: 'one' }], kind: 'a' }, '/points/1/x must be integer, found "one"'],
    [{ kind: 'a' }, "it must have required property 'points'"],
    [{ points: 7, kind: 'a' }, '/points must be array, found 7'],
    [{ points, kind: 'c' }, '/kind must be'],
    [{ points, kind: 'a', colour: 'red' }, 'it has an unknown property "colour", allowed are points, kind'],
    ['text', 'it must be object, found "text"'],
    [[], 'it must be object, found an array of 0'],
  ] as const) {
    client.send({ type: 'SHAPE', content });
    const { error } = await client.next();
    t.equal(error.code, 'invalid_message');
    t.equal(error.ref, 'SHAPE');
    t.ok(error.message.startsWith(explanation), error.message);
  }
  t.strictSame(loggedErrors(hub), [], 'what a client does wrong is no error of the hub');
});

test('an unknown type is named in the error', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/nested');
  for (const type of ['NOPE', 'move', 'constructor', '__proto__', 'toString', '']) {
    client.send({ type, content: {} });
    t.strictSame(await client.next(), {
      error: { code: 'unknown_type', message: `"${type}" is not a message type of /nested` },
    });
  }
  client.send({ type: 'x'.repeat(1_000) });
  t.ok((await client.next()).error.message.length < 200, 'a long name is cut');
});

test('what is not an object with a type is refused, and the connection lives', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/nested');
  for (const text of [
    '{',
    'MOVE',
    '',
    '7',
    'null',
    '"text"',
    '[]',
    '{}',
    '{"type":1}',
    '{"type":null}',
    '{"Type":"MOVE"}',
  ]) {
    client.send(text);
    t.equal((await client.next()).error.code, 'invalid_json', text);
  }
  client.send({ type: 'MOVE', content: { x: 1 } });
  t.equal((await client.next()).type, 'MOVED');
});

test('a binary frame is read as UTF-8 text', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connect(t, hub, '/nested');
  client.socket.send(Buffer.from('\uFEFF{"type":"MOVE","content":{"x":1}}'), { binary: true });
  t.equal((await client.next()).type, 'MOVED', 'with or without a byte order mark');
  client.socket.send(Buffer.from([0x7b, 0xff, 0x7d]), { binary: true });
  t.match(await client.next(), { error: { code: 'invalid_json', message: 'the message is not UTF-8' } });
});

test('every character arrives as it was sent', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', content: 'content' } });
    const said = endpoint.emits('SAID', Type.Object({ text: Type.String() }), { overflow: 'close' });
    endpoint.on('SAY', Type.Object({ text: Type.String() }), (content) => said(content));
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  for (const text of ['ä漢😀', '\u0000\u001f"\\', '\ud800 alone', '\u2028', '\uFEFF']) {
    client.send({ type: 'SAY', content: { text } });
    t.equal((await client.next()).content.text, text);
  }
});

test('a bare message is sent as its content alone', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', content: 'content' } });
    const list = endpoint.emits('LIST', Type.Array(Type.Integer()), { overflow: 'close', bare: true });
    endpoint.on('LIST', Type.Object({}), () => list([1, 2]));
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  client.send({ type: 'LIST' });
  t.strictSame(await client.next(), [1, 2]);
});

test('content that already is text is sent as that text', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const { nested, moved, flatMoved, empty } = endpoints(hub);
    nested.on('TEXT', Type.Object({}), () => moved(new JsonText('{ "x": 1, "y": 1e0 }')));
    flatMoved.type.endpoint.on('TEXT', Type.Object({}), () => flatMoved(new JsonText(' {"x":1,"y":2 } ')));
    flatMoved.type.endpoint.on('BLANK', Type.Object({}), () => empty(new JsonText('{ }')));
    return nested;
  });
  const nested = await connect(t, hub, '/nested');
  const arrived = new Promise((resolve) => nested.socket.once('message', (data) => resolve(String(data))));
  nested.send({ type: 'TEXT' });
  t.equal(await arrived, '{"type":"MOVED","content":{ "x": 1, "y": 1e0 }}');
  const flat = await connect(t, hub, '/flat');
  flat.send({ '@type': 'TEXT' });
  t.strictSame(await flat.next(), { '@type': 'MOVED', x: 1, y: 2 });
  flat.send({ '@type': 'BLANK' });
  t.strictSame(await flat.next(), { '@type': 'EMPTY' });
});
