import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'tap';
import { mostBuffered } from '../../core/transport/fanout.ts';
import { frame, OPCODES } from '../helpers/raw-client.ts';
import { catchUp, OUTBOX, read, slowAndQuick, WAYS } from '../helpers/slow-reader.ts';
import { loggedErrors } from '../helpers/start-with.ts';

for (const [way, deliver] of Object.entries(WAYS)) {
  const forBoth = way.startsWith('published');

  test(`close: when what is ${way} finds no place, the connection goes with 4001, after all that came before`, async (t) => {
    const { hub, parts, quick, slow, filled } = await slowAndQuick(t);
    let sent = filled;
    while (parts.counts().closed === 0) deliver(parts, slow.connection, parts.make('MUST', sent++, 4_096));
    t.ok(sent - filled > 10, 'an outbox full of messages waited before');
    await parts.untilClosed();
    t.strictSame(parts.closes, [4_001]);
    t.equal(parts.counts().closed, 1, 'counted once');
    t.strictSame(parts.hub.channels.members(parts.endpoint, 'all'), [quick.connection]);
    slow.client.socket.resume();
    t.equal(await slow.client.closed, 4_001);
    const got = read(slow.client.texts).map(({ n }) => n);
    t.equal(got.length, filled - 1, 'what was on its way arrives');
    t.strictSame(got, [...got.keys()], 'in order');
    const others = await catchUp(quick.client, quick.connection, parts);
    t.equal(others.length, forBoth ? sent - filled : 0, 'the other reader got everything');
    t.strictSame(loggedErrors(hub), []);
  });

  test(`drop: the oldest of what is ${way} are dropped and counted, the rest arrives in order`, async (t) => {
    const { parts, quick, slow, filled, before } = await slowAndQuick(t);
    for (let n = 0; n < 100; n++) deliver(parts, slow.connection, parts.make('MAY', n, 4_096));
    await nextTurn();
    const { dropped, closed } = parts.counts();
    t.ok(dropped > before.dropped && dropped < 100, `${dropped} were dropped`);
    t.equal(closed, 0);
    const got = (await catchUp(slow.client, slow.connection, parts)).slice(filled).map(({ n }) => n);
    t.strictSame(
      got,
      Array.from({ length: 100 - dropped }, (_, i) => dropped + i),
    );
    for (let n = 100; n < 200; n++) deliver(parts, slow.connection, parts.make('MAY', n, 40));
    const after = (await catchUp(slow.client, slow.connection, parts)).map(({ n }) => n);
    t.strictSame(
      after,
      Array.from({ length: 100 }, (_, i) => 100 + i),
      'once it has caught up nothing is lost or doubled',
    );
    t.equal((await catchUp(quick.client, quick.connection, parts)).length, forBoth ? 200 : 0);
  });

  test(`latest: of what is ${way} only the newest of each key arrives`, async (t) => {
    const { parts, quick, slow, filled, before } = await slowAndQuick(t);
    for (let n = 0; n < 300; n++)
      deliver(parts, slow.connection, parts.make('STATE', n, 4_096, `key${n % 3}`));
    await nextTurn();
    t.equal(parts.counts().replaced - before.replaced, 297);
    t.equal(parts.counts().closed, 0);
    const got = (await catchUp(slow.client, slow.connection, parts)).slice(filled);
    t.strictSame(
      got.map(({ n }) => n),
      [297, 298, 299],
    );
    t.equal((await catchUp(quick.client, quick.connection, parts)).length, forBoth ? 300 : 0);
  });
}

test('the hook is told of a reader that became slow, with what waits for it', async (t) => {
  const { parts, slow } = await slowAndQuick(t);
  t.ok(parts.congestions.length > 0);
  for (const { connection, waiting } of parts.congestions) {
    t.equal(connection, slow.connection);
    t.ok(waiting > OUTBOX, `${waiting} bytes`);
  }
});

test('a reader that stalls in the middle of a turn loses nothing of that turn', async (t) => {
  const { parts, slow, filled } = await slowAndQuick(t);
  await catchUp(slow.client, slow.connection, parts);
  t.ok(filled > 0);
  slow.client.socket.pause();
  // Small ones, which uWS collects, between large ones, which it does not, far beyond all buffers in one turn.
  let n = 0;
  for (; parts.counts().closed === 0; n++) {
    const message = parts.make('MUST', n, n % 10 === 0 ? 65_536 : 8_000);
    if (n % 7 === 0) slow.connection.send(message);
    else parts.hub.notify.channels([n % 2 === 0 ? 'all' : 'too'], message);
  }
  await parts.untilClosed();
  slow.client.socket.resume();
  t.equal(await slow.client.closed, 4_001);
  const got = read(slow.client.texts).map((message) => message.n);
  t.strictSame(got, [...got.keys()], 'no message before the close is missing');
  t.ok(got.length > n / 2);
});

test('what is kept for a reader that takes nothing is bounded, however much is published to it', async (t) => {
  const { parts, slow, filled } = await slowAndQuick(t, { channels: 32 });
  const names = Array.from({ length: 30 }, (_, i) => `channel${i}`);
  for (const name of names) await parts.hub.channels.join(slow.connection, name);
  // 40 MB, and so many in one turn that uWS cannot deliver them all at its end.
  const publish = async () => {
    for (const size of [100, 4_000, 15_000, 60_000]) {
      for (let sent = 0; sent < 10_000_000; sent += size * names.length)
        for (const name of names) parts.hub.notify.channels([name], parts.make('MAY', 0, size));
      await nextTurn();
    }
  };
  const bytes = async (unread: number) => {
    const kept = (await catchUp(slow.client, slow.connection, parts)).slice(unread);
    return kept.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
  };
  await publish();
  const waited = await bytes(filled);
  t.ok(waited <= 2 * OUTBOX, `${waited} bytes`);

  slow.client.socket.pause();
  await publish();
  const more = await bytes(0);
  const onTheWay = filled * 8_192;
  t.ok(more <= 2 * onTheWay + mostBuffered(OUTBOX), `${more} bytes for one that stalls only now`);
  t.strictSame(parts.closes, []);
});

test('pongs for a reader that takes nothing are bounded, too: it is cut off', async (t) => {
  const { parts, slow } = await slowAndQuick(t);
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(OPCODES.ping, 'x'.repeat(125))));
  while (parts.closes.length === 0) {
    slow.client.socket.write(pings);
    await nextTurn();
  }
  t.strictSame(parts.closes, [4_001]);
});

test('a slow reader that leaves its channels gets nothing more of them, and is back in when it joins again', async (t) => {
  const { parts, slow, filled } = await slowAndQuick(t);
  const { notify, channels } = parts.hub;
  notify.channels(['all'], parts.make('MAY', 0));
  channels.leave(slow.connection, 'all');
  notify.channels(['all'], parts.make('MAY', 1));
  await channels.join(slow.connection, 'all');
  await channels.join(slow.connection, 'new');
  notify.channels(['all'], parts.make('MAY', 2));
  notify.channels(['new'], parts.make('MAY', 3));
  const got = (await catchUp(slow.client, slow.connection, parts)).slice(filled);
  t.strictSame(
    got.map(({ n }) => n),
    [0, 2, 3],
  );
  notify.channels(['new', 'all'], parts.make('MAY', 4));
  t.strictSame(
    (await catchUp(slow.client, slow.connection, parts)).map(({ n }) => n),
    [4],
  );
});

test('the exception of a publish holds for a slow reader, too', async (t) => {
  const { parts, quick, slow, filled } = await slowAndQuick(t);
  parts.hub.notify.channels(['all'], parts.make('MAY', 0), { except: slow.connection });
  parts.hub.notify.channels(['all'], parts.make('MAY', 1), { except: quick.connection });
  const got = (await catchUp(slow.client, slow.connection, parts)).slice(filled);
  t.strictSame(
    got.map(({ n }) => n),
    [1],
  );
  t.strictSame(
    (await catchUp(quick.client, quick.connection, parts)).map(({ n }) => n),
    [0],
  );
});

test('a close by the plugin comes after what waits', async (t) => {
  const { parts, slow, filled } = await slowAndQuick(t);
  for (let n = 0; n < 5; n++) slow.connection.send(parts.make('MUST', filled + n));
  slow.connection.close(4_100, 'done');
  slow.client.socket.resume();
  t.equal(await slow.client.closed, 4_100);
  const got = read(slow.client.texts).map(({ n }) => n);
  t.strictSame(got, [...Array(filled + 5).keys()]);
});

test('a slow reader that is cut off leaves nothing behind', async (t) => {
  const { hub, parts, quick, slow } = await slowAndQuick(t);
  parts.hub.notify.channels(['all'], parts.make('MAY', 0));
  slow.client.socket.destroy();
  await parts.untilClosed();
  parts.hub.notify.channels(['all', 'too'], parts.make('MAY', 1));
  t.strictSame(
    (await catchUp(quick.client, quick.connection, parts)).map(({ n }) => n),
    [0, 1],
  );
  t.strictSame(loggedErrors(hub), []);
});
