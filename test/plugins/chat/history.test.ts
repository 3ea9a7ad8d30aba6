import { test } from 'tap';
import type { LogRange, PluginStore } from '../../../core/index.ts';
import { readPage } from '../../../plugins/chat/history.ts';
import type { ChatMessage } from '../../../plugins/chat/messages.ts';
import type { Room } from '../../../plugins/chat/room.ts';
import type { Received } from '../../helpers/hub.ts';
import { startWith } from '../../helpers/start-with.ts';
import { type ChatClient, logIn, startChat } from './wire.ts';

/** Says the numbers from 1 on, and waits until the last one was said. */
async function count(client: ChatClient, room: string, to: number): Promise<void> {
  for (let i = 1; i <= to; i++) client.post(room, `${i}`);
  for (let i = 1; i <= to; i++) await client.nextPost();
}

const texts = (messages: readonly Received[]) =>
  messages.filter((message) => message['@type'] === undefined).map(({ Message }) => Message);

function pages(client: ChatClient, Room: object) {
  return async (page?: object | string) => {
    const text = typeof page === 'string' ? page : JSON.stringify(page);
    client.send({ '@type': 'HISTORY', Room, ...(page !== undefined && { Message: { Message: text } }) });
    return client.all();
  };
}

test('HISTORY sends the room, then a page oldest first, and says when there is more', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  await count(ann, Uuid, 12);
  const page = pages(ann, { Uuid });
  const newest = await page({ Offset: 0, Limit: 5 });
  t.match(newest[0], { '@type': 'ROOM_UPDATE', Room: { Uuid, Users: ['ann'] } });
  t.strictSame(texts(newest), ['8', '9', '10', '11', '12']);
  t.strictSame(newest.at(-1), {
    '@type': 'MAY_HAVE_MORE',
    RoomUuid: Uuid,
    Timestamp: newest[1].Timestamp,
    Offset: 0,
    Limit: 5,
  });
  const middle = await page({ Offset: 5, Limit: 5 });
  t.strictSame(texts(middle), ['3', '4', '5', '6', '7']);
  t.match(middle.at(-1), { '@type': 'MAY_HAVE_MORE', Offset: 5, Limit: 5 });
  const last = await page({ Offset: 10, Limit: 2 });
  t.strictSame(texts(last), ['1', '2']);
  t.equal(last.length, 3, 'and nothing that there were more');
  t.strictSame(texts(await page({ Offset: 99 })), []);
  t.equal(texts(await page()).length, 12, 'without a page, all of it');
  t.strictSame(texts(await page({ Limit: 1 })), ['12'], 'the offset may be left out');
  t.equal(texts(await page({ Offset: 1 })).length, 11, 'and the limit');
});

test('a page that is none is an error that says what was expected', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  const page = pages(ann, { Uuid });
  for (const [text, reason] of [
    ['PING', /expected JSON/],
    ['[]', /must be object/],
    ['{"Offset":-1}', /\/Offset must be >= 0, found -1/],
    ['{"Limit":1.5}', /\/Limit must be integer/],
    ['{"Limit":"5"}', /\/Limit must be integer/],
    ['null', /must be object/],
  ] as const)
    t.match(await page(text), [{ '@type': 'error', error: reason }], text);
});

test('HISTORY from outside of a room is decided as a JOIN is, and joins nothing', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann', { workspaces: ['a'] });
  const room = { Type: 'WORKSPACE', RoomTypeObject: 'a' };
  const { Uuid } = await ann.join(room);
  await count(ann, Uuid, 2);
  const colleague = await logIn(t, hub, 'bob', { workspaces: ['a'] });
  t.strictSame(texts(await pages(colleague, room)()), ['1', '2']);
  colleague.post(Uuid, 'hello');
  t.match(await colleague.next(), { error: /not in the room/ });
  const eve = await logIn(t, hub, 'eve', { workspaces: ['b'] });
  for (const Room of [
    room,
    { Uuid },
    { Uuid, Type: 'GLOBAL' },
    { Uuid, Type: 'WORKSPACE', RoomTypeObject: 'b' },
  ])
    t.match(await pages(eve, Room)(), [{ '@type': 'error', error: /not one of yours/ }]);
  t.match(await pages(eve, { Type: 'GLOBAL', RoomTypeObject: 'none' })(), [
    { error: 'there is no such room' },
  ]);
});

test('deleted messages leave no gaps in pages', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann');
  const { Uuid: RoomUuid } = await ann.join();
  await count(ann, RoomUuid, 8);
  const page = pages(ann, { Uuid: RoomUuid });
  const all = (await page()).slice(1);
  for (const index of [1, 4, 5, 7]) {
    ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid: all[index].Uuid } });
    await ann.next('DELETE_MSG');
  }
  t.strictSame(texts(await page({ Offset: 0, Limit: 2 })), ['4', '7']);
  const rest = await page({ Offset: 2, Limit: 2 });
  t.strictSame(texts(rest), ['1', '3']);
  t.notMatch(rest.at(-1), { '@type': 'MAY_HAVE_MORE' });
});

test('no more than the options allow is sent at once, and the rest is paged', async (t) => {
  const hub = await startChat(t, { history: 5 });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  await count(ann, Uuid, 12);
  const bob = await logIn(t, hub, 'bob');
  await bob.join();
  const joined = await bob.all();
  t.strictSame(texts(joined), ['8', '9', '10', '11', '12']);
  t.match(joined.at(-1), { '@type': 'MAY_HAVE_MORE', Offset: 0, Limit: 5 });
  const paged = await pages(bob, { Uuid })({ Offset: 5, Limit: 1_000_000 });
  t.strictSame(texts(paged), ['3', '4', '5', '6', '7']);
  t.match(paged.at(-1), { Offset: 5, Limit: 5 });
});

test('a page has no more bytes than a reader may have waiting, and the next one goes on from there', async (t) => {
  const hub = await startChat(t, {}, { limits: { outboxBytes: 8_192 } });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  for (let i = 1; i <= 10; i++) ann.post(Uuid, `${i}`.padEnd(1_000, '.'));
  for (let i = 1; i <= 10; i++) await ann.nextPost();
  const page = pages(ann, { Uuid });
  const seen: string[] = [];
  for (let Offset = 0; ; ) {
    const got = await page({ Offset });
    seen.unshift(...texts(got));
    const more = got.at(-1);
    if (more['@type'] !== 'MAY_HAVE_MORE') break;
    t.equal(more.Limit, 3);
    Offset = more.Offset + more.Limit;
  }
  t.strictSame(
    seen.map((text) => Number.parseInt(text, 10)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test('a room of 10,000 messages is paged by reading the page alone', async (t) => {
  const { parts: store } = await startWith(t, (hub): PluginStore => hub.store, {
    data: t.testdir(),
    single: 'the page is read from one store, with or without others',
  });
  const log = store.log<ChatMessage>('messages');
  const message = (i: number) => ({
    Uuid: `${i}`,
    RoomUuid: 'r',
    Message: `${i}`,
    Author: 'ann',
    Timestamp: i,
  });
  await Promise.all(Array.from({ length: 10_000 }, (_, i) => log.append('r', message(i + 1))));
  const reads: { range: LogRange | undefined; rows: number }[] = [];
  const counted = {
    ...log,
    read: async (key: string, range?: LogRange) => {
      const entries = await log.read(key, range);
      reads.push({ range, rows: entries.length });
      return entries;
    },
  };
  const room = { id: 'r', feed: { published: 10_000 } } as Room;
  const seen: number[] = [];
  for (let skip = 0; ; skip += 50) {
    reads.length = 0;
    const page = await readPage(counted, room, { skip, limit: 50, characters: 1e6 });
    seen.push(...page.messages.map((text) => Number(JSON.parse(text.text).Message)).reverse());
    const rows = reads.reduce((sum, read) => sum + read.rows, 0);
    if (reads.length > 2 || rows > 51) t.fail(`${reads.length} reads of ${rows} rows for a page of 50`);
    if (!page.hasMore) break;
  }
  t.strictSame(
    seen,
    Array.from({ length: 10_000 }, (_, i) => 10_000 - i),
  );
  const behind = { id: 'r', feed: { published: 9_990 } } as Room;
  const { messages } = await readPage(log, behind, { skip: 0, limit: 1, characters: 1e6 });
  t.equal(
    JSON.parse(messages[0]?.text ?? '').Message,
    '9990',
    'what was stored and not yet sent is not in it',
  );
});

test('of a room, so many messages are kept', async (t) => {
  const hub = await startChat(t, { messagesPerRoom: 10 });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  for (let batch = 0; batch < 3; batch++) await count(ann, Uuid, 100);
  const kept = texts(await pages(ann, { Uuid })());
  t.equal(kept.length, 10 + 300 - 256, 'cut every 256 messages');
});
