import { test } from 'tap';
import { HubError, Type } from '../../core/index.ts';
import { connect } from '../helpers/hub.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

const Point = Type.Object({ x: Type.Integer(), y: Type.Integer({ default: 0 }) });
test('frames that are not JSON go through the fallback of the envelope', async (t) => {
  const fallback = (text: string) => {
    if (text === 'broken') throw new Error('the fallback fails');
    return text.startsWith('move:') ? { type: 'MOVE', x: Number(text.slice(5)) } : undefined;
  };
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', fallback } });
    const moved = endpoint.emits('MOVED', Point, { overflow: 'close' });
    endpoint.on('MOVE', Point, (content) => moved(content));
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  client.send('move:5');
  t.match(await client.next(), { type: 'MOVED', x: 5 });
  client.send('move:abc');
  t.equal((await client.next()).error.code, 'invalid_message', 'what it returns is checked like any message');
  client.send('else');
  t.equal((await client.next()).error.code, 'invalid_json');
  client.send('broken');
  const { error } = await client.next();
  t.equal(error.code, 'internal');
  t.equal(loggedErrors(hub).length, 1, 'its failure is logged');
});

test('types that are numbers or left out are found by the envelope', async (t) => {
  const typeOf = ({ type = 0 }: Readonly<Record<string, unknown>>) => ['MOVE', 'STAY'][Number(type)];
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', typeOf } });
    const moved = endpoint.emits('MOVED', Point, { overflow: 'close' });
    return endpoint.on('MOVE', Point, (content) => moved(content));
  });
  const client = await connect(t, hub, '/');
  for (const message of [{ type: 0, x: 1 }, { x: 1 }, { type: 'MOVE', x: 1 }]) {
    client.send(message);
    t.strictSame(await client.next(), { type: 'MOVED', x: 1, y: 0 });
  }
  client.send({ type: 1 });
  t.equal((await client.next()).error.code, 'unknown_type');
  client.send({ type: 7 });
  t.equal((await client.next()).error.code, 'invalid_json');
});

test('an endpoint may close on what it cannot read, after the error', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', invalid: 'close' } });
    const moved = endpoint.emits('MOVED', Point, { overflow: 'close' });
    return endpoint.on('MOVE', Point, (content) => moved(content));
  });
  for (const text of ['nonsense', '漢'.repeat(200), '{"no":"type"}']) {
    const client = await connect(t, hub, '/');
    client.send({ type: 'NOPE' });
    t.equal((await client.next()).error.code, 'unknown_type', 'an unknown type can be read');
    client.send({ type: 'MOVE', x: 'one' });
    t.equal((await client.next()).error.code, 'invalid_message');
    client.send(text);
    t.equal((await client.next()).error.code, 'invalid_json');
    const { code, reason } = await client.closed;
    t.equal(code, 4502);
    t.ok(reason.length > 10, reason);
  }
});

test('an endpoint may ignore types it does not know', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', unknown: 'ignore' } });
    const moved = endpoint.emits('MOVED', Point, { overflow: 'close' });
    return endpoint.on('MOVE', Point, (content) => moved(content));
  });
  const client = await connect(t, hub, '/');
  for (const message of [{ type: 'NOPE' }, { type: 5 }, {}]) client.send(message);
  client.send({ type: 'MOVE', x: 1 });
  t.equal((await client.next()).type, 'MOVED', 'and messages without one');
});

test('an endpoint words its errors itself', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const envelope = {
      type: 'type',
      error: ({ code, ref }: { code: string; ref?: string }) => [code, ref ?? null],
    };
    const endpoint = hub.endpoint('/', { envelope });
    return endpoint.on('REFUSE', Type.Object({}), () => {
      throw new HubError('too_late', 'the vote is over');
    });
  });
  const client = await connect(t, hub, '/');
  client.send('nonsense');
  t.strictSame(await client.next(), ['invalid_json', null]);
  client.send({ type: 'REFUSE' });
  t.strictSame(await client.next(), ['too_late', 'REFUSE']);
});

test('an endpoint may take messages of every type, and still check them', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
    const moved = endpoint.emits('MOVED', Point, { overflow: 'close' });
    const named = endpoint.emits('NAMED', Type.Object({ name: Type.String() }), { overflow: 'close' });
    endpoint.on('MOVE', Point, (content) => moved(content));
    return endpoint.onOther(Point, (_content, _connection, name) => {
      if (name === 'refuse') throw new HubError('forbidden', 'not this one');
      return named({ name });
    });
  });
  const client = await connect(t, hub, '/');
  client.send({ type: 'MOVE', x: 1 });
  t.equal((await client.next()).type, 'MOVED', 'a type of its own goes first');
  for (const name of ['anything', '', '__proto__', '(other)']) {
    client.send({ type: name, x: 1 });
    t.strictSame(await client.next(), { type: 'NAMED', name });
  }
  client.send({ type: 'anything', x: 'one' });
  t.match((await client.next()).error, { code: 'invalid_message', ref: 'anything' });
  client.send({ type: 'refuse', x: 1 });
  t.match((await client.next()).error, { code: 'forbidden', ref: 'refuse' });
  client.send({ x: 1 });
  t.equal((await client.next()).error.code, 'invalid_json', 'a message without a name has no type');
});
