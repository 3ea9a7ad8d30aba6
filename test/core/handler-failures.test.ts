import { test } from 'tap';
import { HubError, JsonText, Type } from '../../core/index.ts';
import { connect } from '../helpers/hub.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

test('a handler refuses with a code; what else it throws stays in the log, under a trace id', async (t) => {
  const failures = {
    HUB_ERROR: () => {
      throw new HubError('too_late', 'the vote is over');
    },
    HUB_ERROR_LATER: async () => {
      throw new HubError('too_late', 'the vote is over');
    },
    ERROR: () => {
      throw new Error('secret');
    },
    ERROR_LATER: async () => {
      throw new Error('secret');
    },
    STRING: () => {
      throw 'secret';
    },
    UNDEFINED_LATER: () => Promise.reject(undefined),
    INTERNAL: () => {
      throw new HubError('internal', 'secret');
    },
  };
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
    for (const [type, handler] of Object.entries(failures)) endpoint.on(type, Type.Object({}), handler);
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  let errors = 0;
  for (const type of Object.keys(failures)) {
    client.send({ type });
    const { error } = await client.next();
    t.equal(error.ref, type);
    if (type.startsWith('HUB_ERROR')) {
      t.strictSame(error, { code: 'too_late', message: 'the vote is over', ref: type });
      continue;
    }
    errors++;
    t.equal(error.code, 'internal');
    t.notMatch(error.message, 'secret');
    t.match(
      hub.logged.find(({ traceId }) => traceId === error.traceId),
      {
        plugin: 'made-by-a-test',
        msg: `plugin "made-by-a-test" failed in message "${type}"`,
      },
    );
  }
  t.equal(loggedErrors(hub).length, errors);
});

test('a handler that returns what is no message has failed, and so has one that replies off its endpoint', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
    const other = hub.endpoint('/other', { envelope: { type: 'type' } });
    const foreign = other.emits('FOREIGN', Type.Object({}), { overflow: 'close' });
    // Plugins in JavaScript have no types to hold them back.
    const wrong = (value: unknown) => () => value as undefined;
    endpoint.on('OBJECT', Type.Object({}), wrong({ type: 'X' }));
    endpoint.on('NULL', Type.Object({}), wrong(null));
    endpoint.on('LATER', Type.Object({}), wrong(Promise.resolve('x')));
    endpoint.on('FOREIGN', Type.Object({}), () => foreign({}));
    return endpoint;
  });
  const client = await connect(t, hub, '/');
  for (const type of ['OBJECT', 'NULL', 'LATER', 'FOREIGN']) {
    client.send({ type });
    t.match(await client.next(), { error: { code: 'internal', ref: type } });
  }
  t.equal(loggedErrors(hub).length, 4);
});

test('content that JSON cannot hold fails at its sender and is not sent', async (t) => {
  const { hub } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type', content: 'content' } });
    const any = endpoint.emits('ANY', Type.Unknown(), { overflow: 'close' });
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const contents = { UNDEFINED: undefined, FUNCTION: () => 1, CIRCULAR: circular, BIGINT: 1n };
    for (const [type, content] of Object.entries(contents))
      endpoint.on(type, Type.Object({}), () => any(content));
    return Object.keys(contents);
  });
  const client = await connect(t, hub, '/');
  for (const type of ['UNDEFINED', 'FUNCTION', 'CIRCULAR', 'BIGINT']) {
    client.send({ type });
    t.match(await client.next(), { error: { code: 'internal', ref: type } });
  }
});

test('an outgoing message that does not match its schema fails where those are checked', async (t) => {
  const { hub } = await startWith(
    t,
    (hub) => {
      const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
      const moved = endpoint.emits('MOVED', Type.Object({ x: Type.Integer() }), { overflow: 'close' });
      return endpoint.on('WRONG', Type.Object({}), () => moved(new JsonText('{"x":"one"}')));
    },
    { allowInvalidOutgoing: true },
  );
  const client = await connect(t, hub, '/');
  client.send({ type: 'WRONG' });
  t.match(await client.next(), { error: { code: 'internal', ref: 'WRONG' } });
});
