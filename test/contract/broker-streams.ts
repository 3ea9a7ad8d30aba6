/** What every broker must do with streams. */
import { type Test, test } from 'tap';
import type { AppendOptions, Keep } from '../../core/index.ts';
import type { Cluster } from './broker.ts';
import { listener } from './listener.ts';

const KEEP: Keep = { entries: 1_000, bytes: 1_000_000, seconds: 60 };
const NOWHERE = { epoch: '', offset: 0 };

/** Runs the suite. @param make makes a cluster that ends with the test. */
export function brokerStreams(name: string, make: (t: Test) => Cluster | Promise<Cluster>): void {
  const open = async (t: Test) => {
    const cluster = await make(t);
    const hubs = [await listener(t, cluster, 'a'), await listener(t, cluster, 'b')] as const;
    return { cluster, hubs };
  };
  const options = (node: string, number: number, more: Partial<AppendOptions> = {}): AppendOptions => ({
    node,
    number,
    keep: KEEP,
    follows: false,
    isAfterLoss: false,
    ...more,
  });

  test(`${name}: entries reach all hubs that subscribed, the sender too, in one order without gaps`, async (t) => {
    const { cluster, hubs } = await open(t);
    const third = await listener(t, cluster, 'c');
    for (const { broker } of [...hubs, third]) await broker.subscribe('s x');
    await cluster.settled();
    const appended: Promise<boolean>[] = [];
    for (let i = 1; i <= 100; i++) {
      for (const { broker, node } of hubs)
        appended.push(broker.append('s x', `${node} ${i}\n漢\0😀`, options(node, i)));
      hubs[0].broker.publish('s x', `beside ${i}`);
    }
    await Promise.all(appended);
    await cluster.settled();
    const [{ position } = { position: NOWHERE }] = third.entries;
    t.match(position, { epoch: /^[0-9a-f]{16}$/, offset: 1 });
    for (const { entries } of hubs) t.strictSame(entries, third.entries);
    t.strictSame(
      third.entries.map(({ topic, position: { epoch, offset } }) => [topic, epoch, offset]),
      Array.from({ length: 200 }, (_, i) => ['s x', position.epoch, i + 1]),
    );
    for (const { node } of hubs) {
      t.strictSame(
        third.entries.map(({ frame }) => frame).filter((frame) => frame.startsWith(node)),
        Array.from({ length: 100 }, (_, i) => `${node} ${i + 1}\n漢\0😀`),
      );
    }
    t.equal(third.topics.length, 100, 'what is published beside it is no part of it');
  });

  test(`${name}: an entry that is repeated is appended once, and none before those it follows`, async (t) => {
    const { cluster, hubs } = await open(t);
    const [{ broker, node, entries }, other] = hubs;
    await broker.subscribe('s x');
    await cluster.settled();
    const append = (number: number) => broker.append('s x', `${number}`, options(node, number));
    t.strictSame([await append(1), await append(1), await append(2)], [true, false, true]);
    await t.rejects(append(4));
    for (const number of [3, 4]) t.equal(await append(number), true);
    for (const number of [2, 1]) t.equal(await append(number), false);
    await other.broker.append('s x', 'of another', options(other.node, 1));
    await cluster.settled();
    t.strictSame(
      entries.map(({ frame }) => frame),
      ['1', '2', '3', '4', 'of another'],
    );
  });

  test(`${name}: an entry does not overtake the one it follows, also when nothing is known of its hub or an epoch begins`, async (t) => {
    const { hubs } = await open(t);
    const [{ broker, node }, other] = hubs;
    const append = (number: number) =>
      broker.append('s x', `${number}`, options(node, number, { follows: number > 1 }));
    await t.rejects(append(2));
    for (const number of [1, 2]) t.equal(await append(number), true);
    await other.broker.append('s x', 'of another', options(other.node, 2, { isAfterLoss: true }));
    await t.rejects(append(4));
    for (const number of [3, 4]) t.equal(await append(number), true);
    await other.broker.append('s x', 'of another', options(other.node, 4, { isAfterLoss: true }));
    t.equal(await broker.append('s x', '6', options(node, 6)), true, 'what it does not follow may be lost');
    t.equal(await append(7), true);
    const { frames } = await broker.history('s x', NOWHERE);
    t.strictSame(frames, ['of another', '6', '7']);
  });

  test(`${name}: what came after a place is given as far as it is kept`, async (t) => {
    const { hubs } = await open(t);
    const [{ broker, node }] = hubs;
    const { position } = await broker.history('s x', NOWHERE);
    t.match(position, { epoch: /^[0-9a-f]{16}$/, offset: 0 });
    t.strictSame(await broker.history('s x', position), { position, frames: [] });
    const { epoch } = position;
    const keep = { ...KEEP, entries: 5, bytes: 20 };
    for (let i = 1; i <= 8; i++) await broker.append('s x', `no ${i}`, options(node, i, { keep }));
    const since = async (offset: number, ofEpoch = epoch) =>
      broker.history('s x', { epoch: ofEpoch, offset });
    const end = { epoch, offset: 8 };
    t.strictSame(await since(6), { position: end, frames: ['no 7', 'no 8'] });
    const all = { position: end, frames: ['no 4', 'no 5', 'no 6', 'no 7', 'no 8'] };
    for (const offset of [0, 2, 3]) t.strictSame(await since(offset), all);
    t.strictSame(await since(6, 'another'), all);
    for (const offset of [8, 9]) t.strictSame(await since(offset), { position: end, frames: [] });
    await broker.append('s x', 'ten bytes!', options(node, 9, { keep }));
    t.strictSame(
      (await since(0)).frames,
      ['no 7', 'no 8', 'ten bytes!'],
      'no more bytes than are to be kept',
    );
    await broker.append('s x', 'x'.repeat(21), options(node, 10, { keep }));
    t.strictSame(await since(9), { position: { epoch, offset: 10 }, frames: [] });
    t.strictSame((await broker.history('s y', NOWHERE)).frames, [], 'streams are apart');
  });

  test(`${name}: a loss begins an epoch, in which numbers go on`, async (t) => {
    const { cluster, hubs } = await open(t);
    const [{ broker, node }, { broker: there, entries }] = hubs;
    await there.subscribe('s x');
    await cluster.settled();
    for (const number of [1, 2]) await broker.append('s x', `${number}`, options(node, number));
    const before = await there.history('s x', NOWHERE);
    for (const _ of ['once', 'repeated'])
      await broker.append('s x', '7', options(node, 7, { isAfterLoss: true }));
    await broker.append('s x', '8', options(node, 8));
    await cluster.settled();
    const { position, frames } = await there.history('s x', before.position);
    t.not(position.epoch, before.position.epoch);
    t.strictSame([position.offset, frames], [2, ['7', '8']]);
    t.strictSame(
      entries.map(({ frame, position: { epoch, offset } }) => [frame, epoch === position.epoch, offset]),
      [
        ['1', false, 1],
        ['2', false, 2],
        ['7', true, 1],
        ['8', true, 2],
      ],
    );
  });
}
