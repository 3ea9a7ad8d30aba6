import fc from 'fast-check';
import { test } from 'tap';
import type { JsonText, Message, StoreLog } from '../../../core/index.ts';
import { Feed } from '../../../plugins/chat/feed.ts';
import { lowestSequence, newMessageId } from '../../../plugins/chat/message-ids.ts';
import type { ChatMessage } from '../../../plugins/chat/messages.ts';

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
