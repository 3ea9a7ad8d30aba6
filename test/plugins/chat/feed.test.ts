import fc from 'fast-check';
import { test } from 'tap';
import type { JsonText, LogEntry, Message, StoreLog } from '../../../core/index.ts';
import { Feed } from '../../../plugins/chat/feed.ts';
import { lowestSequence, newMessageId } from '../../../plugins/chat/message-ids.ts';
import type { ChatMessage } from '../../../plugins/chat/messages.ts';
import { type Deletion, SharedFeed } from '../../../plugins/chat/shared-feed.ts';

const content = (text: string): ChatMessage => {
  return { Uuid: newMessageId(1), RoomUuid: 'r', Message: text, Author: 'ann', Timestamp: 1 };
};

test('however late a store answers, posts are sent in the order of their calls, and those that failed are not', async (t) => {
  const property = fc.asyncProperty(
    fc.array(fc.boolean(), { maxLength: 12 }).chain((outcomes) =>
      fc.record({
        outcomes: fc.constant(outcomes),
        settles: fc.shuffledSubarray([...outcomes.keys()], { minLength: outcomes.length }),
      }),
    ),
    async ({ outcomes, settles }) => {
      const appends: PromiseWithResolvers<number>[] = [];
      const sent: string[] = [];
      const published: string[] = [];
      const log = {
        append: () => {
          const pending = Promise.withResolvers<number>();
          appends.push(pending);
          return pending.promise;
        },
      } as Partial<StoreLog<ChatMessage>> as StoreLog<ChatMessage>;
      const feed = new Feed('r', 0, {
        log,
        most: 100,
        posted: (message) => ({ content: message }) as Message,
        send: (_room, message) => void sent.push(JSON.parse((message.content as JsonText).text).Message),
        published: ({ Message }) => void published.push(Message),
        deleted: () => ({}) as Message,
        failed: () => {},
      });
      const posts = outcomes.map((_, i) => feed.post(content(`${i}`)));
      const results = Promise.allSettled(posts);
      let sequence = 0;
      const sequences = outcomes.map((isStored) => (isStored ? ++sequence : 0));
      for (const i of settles) {
        if (outcomes[i]) appends[i]?.resolve(sequences[i] ?? 0);
        else appends[i]?.reject(new Error('no space'));
        await new Promise(setImmediate);
        const others = sent.map(Number).filter((other) => !outcomes[other]);
        if (others.length > 0) throw new Error('sent what was not stored');
      }
      const stored = [...outcomes.keys()].filter((i) => outcomes[i]).map(String);
      if (sent.join() !== stored.join()) throw new Error(`sent ${sent}, stored ${stored}`);
      if (published.join() !== stored.join()) throw new Error(`told ${published}`);
      if (feed.published !== sequence) throw new Error(`published ${feed.published}`);
      const statuses = (await results).map(({ status }) => status === 'fulfilled');
      if (statuses.join() !== outcomes.join()) throw new Error('a post was told another outcome');
    },
  );
  await fc.assert(property, { numRuns: 60 });
  t.pass();
});

test('ids are UUIDs that lead to their messages', async (t) => {
  const isUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (sequence) => {
      const id = newMessageId(sequence);
      return isUuid.test(id) && lowestSequence(id) === sequence && newMessageId(sequence) !== id;
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => lowestSequence(text) === undefined));
  t.equal(lowestSequence('2783a0db-e6bb-4001-843e-53548d30b4da'), undefined, 'another version');
});

test('who saw messages that the store has lost is told to come anew, and goes on with those that took their numbers', async (t) => {
  const entries: LogEntry<ChatMessage>[] = [];
  const log = {
    append: async (_room, value) =>
      entries.push({ sequence: entries.length + 1, value: JSON.parse(JSON.stringify(value)) }),
    read: async (_room, { from = 1, to = Number.POSITIVE_INFINITY, backwards = false } = {}) => {
      const found = entries.filter(({ sequence }) => sequence >= from && sequence <= to);
      return backwards ? found.slice(-1) : found;
    },
  } as Partial<StoreLog<ChatMessage>> as StoreLog<ChatMessage>;
  const none = { read: async () => [] } as Partial<StoreLog<Deletion>> as StoreLog<Deletion>;
  const open = async () => {
    const sent: string[] = [];
    const feed = new SharedFeed(
      'r',
      0,
      {
        log,
        most: 100,
        posted: (message) => ({ content: message }) as Message,
        deleted: () => ({}) as Message,
        send: (_room, message) => void sent.push(JSON.parse((message.content as JsonText).text).Message),
        published: () => {},
        failed: (what, error) => t.fail(what, { error }),
      },
      { deletions: none, tellPosted: () => {}, tellDeleted: () => {}, lost: () => void sent.push('lost') },
    );
    t.teardown(() => feed.close());
    await feed.load();
    return { feed, sent };
  };
  const [poster, reader, hearer] = [await open(), await open(), await open()];
  for (const text of ['one', 'two', 'three']) await poster.feed.post(content(text));
  await reader.feed.catchUp();
  await hearer.feed.catchUp();
  for (const { sent } of [poster, reader, hearer]) t.strictSame(sent.splice(0), ['one', 'two', 'three']);
  entries.length = 1;
  await poster.feed.post(content('new two'));
  await poster.feed.post(content('new three'));
  t.strictSame(poster.sent, ['lost', 'new two', 'new three'], 'who posts');
  await reader.feed.catchUp();
  t.strictSame(reader.sent, ['lost'], 'who reads what it missed');
  hearer.feed.hear(2, JSON.stringify(entries[1]?.value));
  t.strictSame(hearer.sent, ['lost', 'new two'], 'who is told');
});
