import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { type Connection, type Hub, HubError, Type } from '../../core/index.ts';
import { connectRaw, frame, OPCODES, type RawClient } from '../helpers/raw-client.ts';
import { startWith } from '../helpers/start-with.ts';

/** uWS sends messages from this size on at once, and collects smaller ones until the end of the turn. */
const BIG = 16 * 1024;

function numbers(hub: Hub) {
  const options = { envelope: { type: 'type' }, tokenInQuery: true, limits: { outboxBytes: 2 ** 24 } };
  const endpoint = hub.endpoint('/', options);
  const Numbered = Type.Object({ n: Type.Integer(), pad: Type.String() });
  const number = endpoint.emits('NUMBER', Numbered, { overflow: 'close' });
  const connections: Connection[] = [];
  hub.hooks.authenticate.tap(({ token }) => ({ user: token, claims: {}, expiresAt: undefined }));
  hub.hooks.opened.tap((connection) => void connections.push(connection));
  const turn = { run: (_connection: Connection) => {} };
  endpoint.on('RUN', Type.Object({}), (_content, connection) => turn.run(connection));
  const make = (n: number, size = 0) => number({ n, pad: 'x'.repeat(size) });
  return { hub, endpoint, make, connections, turn };
}
type Parts = ReturnType<typeof numbers>;

/** The numbers a client got before the last one, which the hub sends to it alone. */
async function received(client: RawClient, connection: Connection, { make }: Parts): Promise<number[]> {
  connection.send(make(-1));
  await client.until((text) => text.includes('"n":-1,'));
  return client
    .take()
    .map((text): number => JSON.parse(text).n)
    .filter((n) => n >= 0);
}

/** So many clients, in the order of their connections; the users are 0, 1, 0, 1 and so on. */
async function clients(t: Test, hub: { port: number }, count: number): Promise<RawClient[]> {
  const connected: RawClient[] = [];
  for (let i = 0; i < count; i++) connected.push(await connectRaw(t, hub, `/?token=user${i % 2}`));
  return connected;
}

const COUNT = 4;
const index = fc.nat(COUNT - 1);
const channel = fc.constantFrom('a', 'b', 'c');
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 4 });
type Delivery = { readonly size: number; readonly times: number } & (
  | { readonly do: 'send'; readonly to: number }
  | { readonly do: 'users'; readonly names: readonly string[] }
  | { readonly do: 'clients'; readonly to: readonly number[] }
  | {
      readonly do: 'channels';
      readonly names: readonly string[];
      readonly except: number | null;
      readonly filter: readonly number[] | null;
    }
);
type Membership = { readonly do: 'join' | 'leave'; readonly who: number; readonly name: string };
type Action = Delivery | Membership;

const size = fc.constantFrom(0, 0, 0, 100, BIG);
const times = fc.constantFrom(1, 1, 1, 40);
const user = fc.constantFrom('user0', 'user1', 'nobody');
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send'), to: index, size, times }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('channels'),
      names: some(channel),
      except: fc.option(index),
      filter: fc.option(fc.uniqueArray(index)),
      size,
      times,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('users'), names: some(user), size, times }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clients'), to: some(index), size, times }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join'), who: index, name: channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave'), who: index, name: channel }) },
);
/** What happens in a turn: within a handler of that connection, or outside of any. */
const turn = fc.record({ within: fc.option(index), actions: fc.array(action, { maxLength: 12 }) });

test('whatever is sent and published, everyone gets what is meant for them once, in the order it was made', async (t) => {
  const { hub, parts } = await startWith(t, numbers);
  const raw = await clients(t, hub, COUNT);
  const { connections, make } = parts;
  const { notify, channels } = parts.hub;
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 8 }), async (turns) => {
      const expected: number[][] = connections.map(() => []);
      let n = 0;
      const joins: Promise<void>[] = [];
      const apply = (one: Action) => {
        if (isDelivery(one)) for (let i = 0; i < one.times; i++) deliver(one);
        else if (one.do === 'join') joins.push(channels.join(at(connections, one.who), one.name));
        else channels.leave(at(connections, one.who), one.name);
      };
      const deliver = (one: Delivery) => {
        const message = make(n, one.size);
        const isMeant = meant(one, connections);
        for (const [i, connection] of connections.entries()) if (isMeant(connection, i)) expected[i]?.push(n);
        n++;
        if (one.do === 'send') at(connections, one.to).send(message);
        else if (one.do === 'users') notify.users(one.names, message);
        else if (one.do === 'clients')
          notify.clients(
            one.to.map((to) => at(connections, to).id),
            message,
          );
        else {
          const { except, filter } = one;
          notify.channels(one.names, message, {
            ...(except !== null && { except: at(connections, except) }),
            ...(filter !== null && {
              filter: (connection) => filter.includes(connections.indexOf(connection)),
            }),
          });
        }
      };
      for (const { within, actions } of turns) {
        const run = () => {
          for (const one of actions) apply(one);
        };
        if (within === null) {
          await nextTurn();
          run();
        } else {
          const { promise, resolve } = Promise.withResolvers<void>();
          parts.turn.run = () => {
            run();
            resolve();
          };
          at(raw, within).socket.write(frame(OPCODES.text, '{"type":"RUN"}'));
          await promise;
        }
        await Promise.all(joins.splice(0));
      }
      for (const [i, connection] of connections.entries()) {
        const got = await received(at(raw, i), connection, parts);
        if (JSON.stringify(got) !== JSON.stringify(expected[i]))
          throw new Error(`connection ${i} got ${got}, expected ${expected[i]}`);
        for (const name of connection.channels) channels.leave(connection, name);
      }
    }),
    { numRuns: 80 },
  );
});

function isDelivery(one: Action): one is Delivery {
  return 'times' in one;
}

/** Whom an action reaches, said without any of the machinery that does it. */
function meant(one: Delivery, connections: readonly Connection[]) {
  return (connection: Connection, i: number): boolean => {
    switch (one.do) {
      case 'send':
        return one.to === i;
      case 'users':
        return one.names.includes(`user${i % 2}`);
      case 'clients':
        return one.to.some((to) => connections[to] === connection);
      case 'channels':
        return (
          one.names.some((name) => connection.channels.includes(name)) &&
          one.except !== i &&
          (one.filter === null || one.filter.includes(i))
        );
    }
  };
}

function at<T>(list: readonly T[], i: number): T {
  const found = list[i];
  if (found === undefined) throw new RangeError(`there is no ${i}`);
  return found;
}

test('what was published before a connection left the channel or was closed still reaches it', async (t) => {
  const { hub, parts } = await startWith(t, numbers);
  const [client] = await clients(t, hub, 1);
  const [connection] = parts.connections;
  if (client === undefined || connection === undefined) throw new Error('not connected');
  await parts.hub.channels.join(connection, 'only');
  parts.hub.notify.channels(['only'], parts.make(0));
  parts.hub.channels.leave(connection, 'only');
  parts.hub.notify.channels(['only'], parts.make(1));
  t.strictSame(await received(client, connection, parts), [0]);

  await parts.hub.channels.join(connection, 'only');
  connection.send(parts.make(2));
  parts.hub.notify.channels(['only'], parts.make(3));
  connection.send(parts.make(4));
  connection.close(4_100, 'done');
  connection.send(parts.make(5));
  parts.hub.notify.channels(['only'], parts.make(6));
  t.equal(await client.closed, 4_100);
  t.strictSame(
    client.texts.map((text) => JSON.parse(text).n),
    [2, 3, 4],
  );
  t.strictSame(parts.hub.channels.members(parts.endpoint, 'only'), []);
});

test('a message goes to connections of its own endpoint only', async (t) => {
  const { hub, parts } = await startWith(t, (hub) => {
    const other = hub.endpoint('/other', { envelope: { type: 'type' }, tokenInQuery: true });
    return { ...numbers(hub), foreign: other.emits('FOREIGN', Type.Object({}), { overflow: 'close' }) };
  });
  const [client] = await clients(t, hub, 1);
  const [connection] = parts.connections;
  if (client === undefined || connection === undefined) throw new Error('not connected');
  await parts.hub.channels.join(connection, 'a');
  parts.hub.notify.channels(['a'], parts.foreign({}));
  parts.hub.notify.users(['user0'], parts.foreign({}));
  parts.hub.notify.clients([connection.id], parts.foreign({}));
  t.throws(() => parts.hub.notify.self(connection, parts.foreign({})), HubError);
  parts.hub.notify.self(connection, parts.make(0));
  t.strictSame(await received(client, connection, parts), [0]);
  t.equal(client.texts.length, 0);
});

test('a filter that throws tells its caller, and later messages are not affected', async (t) => {
  const { hub, parts } = await startWith(t, numbers);
  const raw = await clients(t, hub, 2);
  for (const connection of parts.connections) await parts.hub.channels.join(connection, 'a');
  const filter = () => {
    throw new Error('the filter fails');
  };
  t.throws(() => parts.hub.notify.channels(['a'], parts.make(0), { filter }), /the filter fails/);
  parts.hub.notify.channels(['a'], parts.make(1));
  for (const [i, client] of raw.entries())
    t.strictSame(await received(client, at(parts.connections, i), parts), [1]);
});

test('a tap of closed may notify those who stay', async (t) => {
  const { hub, parts } = await startWith(t, (hub) => {
    const made = numbers(hub);
    hub.hooks.closed.tap(() => hub.notify.channels(['a'], made.make(7)));
    return made;
  });
  const [leaving, staying] = await clients(t, hub, 2);
  const [first, second] = parts.connections;
  if (leaving === undefined || staying === undefined || first === undefined || second === undefined)
    throw new Error('not connected');
  for (const connection of [first, second]) await parts.hub.channels.join(connection, 'a');
  first.close(4_100, 'done');
  t.equal(await leaving.closed, 4_100);
  t.strictSame(leaving.texts, []);
  t.strictSame(await received(staying, second, parts), [7]);
});
