/** `POST /topics/<name>`. */
import { type Test, test } from 'tap';
import { Type } from '../../../core/index.ts';
import type { Received } from '../../helpers/hub.ts';
import { type Setup, startTopics, type TopicsHub } from './wire.ts';

const schema = Type.Object({ n: Type.Integer() });

async function start(t: Test, options: Setup['options'] = {}) {
  const hub = await startTopics(t, {
    options,
    define: (topics) => {
      topics.define('count.up', { schema, summary: 'Counts.' });
      topics.define('free.*', { schema: Type.Unknown(), summary: 'Anything.' });
    },
  });
  const told: unknown[] = [];
  hub.topics.subscribe('*', (event) => told.push(event));
  const token = await hub.identity.sign('service', { scope: 'read topics:publish' });
  return {
    hub,
    told,
    post: (topic: string, body: unknown, more: Request = {}) => post(hub, topic, body, { token, ...more }),
  };
}

interface Request {
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
}

async function post(hub: TopicsHub, topic: string, body: unknown, { token, headers = {} }: Request) {
  const answer = await fetch(`${hub.origin}/topics/${topic}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const parsed: Received = await answer.json();
  return { status: answer.status, body: parsed, code: parsed.error?.code, message: parsed.error?.message };
}

test('one event or a list of them is published', async (t) => {
  const { told, post } = await start(t);
  t.match(await post('count.up', { n: 1 }), {
    status: 200,
    body: { topic: 'count.up', published: 1, repeated: false },
  });
  t.match(await post('count.up', [{ n: 2 }, { n: 3 }]), { status: 200, body: { published: 2 } });
  t.match(await post('free.any', '"text"'), { status: 200 });
  t.strictSame(told, [{ n: 1 }, { n: 2 }, { n: 3 }, 'text']);
});

test('of a list all events are published or none', async (t) => {
  const { told, post } = await start(t, { batchEvents: 3 });
  t.match(await post('count.up', [{ n: 1 }, { n: 'x' }]), {
    status: 400,
    code: 'invalid_event',
    message: /^\[1\]: .*\/n must be integer, found "x"/,
  });
  t.match(await post('count.up', []), {
    status: 400,
    code: 'invalid_request',
    message: /1 to 3 events, found 0/,
  });
  t.match(await post('count.up', Array(4).fill({ n: 1 })), { status: 400, code: 'invalid_request' });
  t.strictSame(told, []);
});

test('it takes a token whose scope says so', async (t) => {
  const { hub, told, post } = await start(t);
  const event = { n: 1 };
  t.match(await post('count.up', event, { token: undefined }), { status: 401, code: 'unauthorized' });
  t.match(await post('count.up', event, { token: 'nonsense' }), { status: 401, code: 'unauthorized' });
  for (const scope of [
    undefined,
    '',
    'topics',
    'topics:publisher',
    'xtopics:publish',
    { 0: 'topics:publish' },
    7,
    ['read'],
  ]) {
    const token = await hub.identity.sign('x', { scope });
    t.match(await post('count.up', event, { token }), {
      status: 403,
      code: 'forbidden',
      message: /topics:publish/,
    });
  }
  t.match(
    await post('unknown.topic', event, { token: await hub.identity.sign('x') }),
    { status: 403 },
    'and says nothing else before',
  );
  t.strictSame(told, []);
  for (const scope of ['topics:publish', ['read', 'topics:publish']])
    t.equal((await post('count.up', event, { token: await hub.identity.sign('x', { scope }) })).status, 200);
});

test('bad requests are told what is wrong', async (t) => {
  const { told, post } = await start(t, { bodyBytes: 1_000, eventBytes: 500 });
  t.match(await post('unknown.topic', {}), { status: 404, code: 'unknown_topic', message: /unknown\.topic/ });
  t.match(await post('count.*', {}), { status: 404, code: 'unknown_topic' });
  t.match(await post('count.up', {}), {
    status: 400,
    code: 'invalid_event',
    message: /required property 'n'/,
  });
  t.match(await post('count.up', '{"n":'), { status: 400 });
  t.match(await post('count.up', '{"__proto__":{"n":1}}'), { status: 400 });
  t.match(await post('count.up', 'null'), { status: 400, code: 'invalid_request' });
  t.match(await post('count.up', 'n=1', { headers: { 'content-type': 'text/plain' } }), { status: 415 });
  t.match(await post('free.x', { text: 'x'.repeat(1_000) }), { status: 413 });
  t.match(await post('free.x', { text: 'x'.repeat(600) }), {
    status: 400,
    code: 'invalid_event',
    message: /at most 500/,
  });
  for (const key of ['', 'x'.repeat(201)])
    t.match(await post('count.up', { n: 1 }, { headers: { 'idempotency-key': key } }), {
      status: 400,
      code: 'invalid_request',
      message: /Idempotency-Key/,
    });
  t.strictSame(told, []);
});

test('a request that comes again with its key is not carried out again', async (t) => {
  const { hub, told, post } = await start(t, { idempotencyKeys: 2 });
  const send = (key: string, n: unknown, topic = 'count.up', token?: string) =>
    post(topic, { n }, { headers: { 'idempotency-key': key }, ...(token && { token }) });
  t.match(await send('k1', 1), { status: 200, body: { repeated: false } });
  t.match(await send('k1', 1), { status: 200, body: { repeated: true, published: 1 } });
  t.match(await send('k1', 2), { status: 409, code: 'idempotency_conflict' });
  t.match(await send('k1', 1, 'free.x'), { status: 200, body: { repeated: false } }, 'keys are of a topic');
  const other = await hub.identity.sign('other', { scope: 'topics:publish' });
  t.match(await send('k1', 3, 'count.up', other), { body: { repeated: false } }, 'and of whoever publishes');
  t.match(await send('k1', 1), { body: { repeated: false } }, 'the oldest keys are forgotten');
  t.match(await send('k9', 'x'), { status: 400 });
  t.match(
    await send('k9', 9),
    { status: 200, body: { repeated: false } },
    'a refused request did not use up its key',
  );
  t.strictSame(told, [{ n: 1 }, { n: 1 }, { n: 3 }, { n: 1 }, { n: 9 }]);
});

test('the document of the routes has each topic with its schema', async (t) => {
  const { hub } = await start(t);
  const document: Received = await (await fetch(`${hub.origin}/openapi.json`)).json();
  const { post } = document.paths['/topics/count.up'];
  t.match(post.summary, /Counts/);
  t.match(post.requestBody.content['application/json'].schema.anyOf[0], { type: 'object', required: ['n'] });
  for (const name of ['free.*', 'topic.pydio.idm.event']) t.ok(document.paths[`/topics/${name}`], name);
});
