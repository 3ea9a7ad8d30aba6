import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'tap';
import { Failures } from '../../core/failures.ts';
import type { Keep, Position, Stream } from '../../core/index.ts';
import { createLog } from '../../core/log.ts';
import { Streams } from '../../core/streams.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';

const HUBS = 3;
const hub = fc.nat(HUBS - 1);
/** What becomes of the next thing that a hub appends: the way to the broker is lost before it is there, or it takes longer than the ones after it. */
const trouble = fc.constantFrom('is lost', 'is late');
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('append', 'commit'), hub }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns'), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: trouble, hub }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut', 'restore', 'catch up'), hub }) },
);
type Action =
  | {
      readonly do: 'append' | 'commit' | 'is lost' | 'is late' | 'cut' | 'restore' | 'catch up';
      readonly hub: number;
    }
  | { readonly do: 'turns'; readonly count: number }
  | { readonly do: 'restart' };

type Heard =
  | { readonly text: string; readonly position: Position | undefined }
  /** Something is missing here; what comes next stands after this place. */
  | { readonly after: Position };

const NOWHERE: Position = { epoch: '', offset: 0 };
const log = createLog('silent');

async function start(network: SharedNetwork, number: number, keep: Keep) {
  const broker = network.join();
  const troubles: string[] = [];
  const append = broker.append.bind(broker);
  broker.append = async (...args) => {
    const next = troubles.shift();
    if (next === 'is lost') throw new Error('the way is lost');
    if (next === 'is late') for (let i = 0; i < 3; i++) await nextTurn();
    return append(...args);
  };
  const node = `${number}`.repeat(8);
  const ignored = { topic: () => {}, inbox: () => {}, restored: () => {} };
  const streams = new Streams(broker, node, new Failures(log), log, ignored);
  const heard: Heard[] = [];
  const stream: Stream<undefined> = streams.open('test', 'x', {
    keep,
    receive: (text, { position }) => void heard.push({ text, position }),
    missed: () => void heard.push({ after: stream.position }),
  });
  await broker.start(node, streams);
  await streams.connect();
  heard.push({ after: stream.position });
  let isCut = false;
  let count = 0;
  const appended: Promise<void>[] = [];
  return {
    stream,
    heard,
    appended,
    stop: () => streams.stop(),
    act: (what: Exclude<Action, { readonly do: 'turns' | 'restart' }>['do']) => {
      if (what === 'append') appended.push(stream.append(`${number}/${++count}`, undefined));
      else if (what === 'commit') appended.push(stream.commit(`${number} commits/${++count}`, undefined));
      else if (what === 'is lost' || what === 'is late') troubles.push(what);
      else if (what === 'catch up') void stream.catchUp();
      else if (what === 'cut' && !isCut) {
        isCut = true;
        broker.cut();
      } else if (what === 'restore' && isCut) {
        isCut = false;
        broker.restore();
      }
    },
    isWell: () => {
      troubles.length = 0;
    },
  };
}

/** What the hubs heard, once all has gone well for a while. */
async function run(actions: readonly Action[], keep: Keep) {
  const network = new SharedNetwork();
  const hubs: Awaited<ReturnType<typeof start>>[] = [];
  for (let i = 0; i < HUBS; i++) hubs.push(await start(network, i, keep));
  for (const one of actions) {
    if (one.do === 'turns') for (let i = 0; i < one.count; i++) await nextTurn();
    else if (one.do === 'restart') network.streams.restart();
    else hubs[one.hub]?.act(one.do);
  }
  for (const one of hubs) {
    one.isWell();
    one.act('restore');
  }
  // What is late arrives; what failed is noticed, repeated, and heard by the others.
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 4; i++) await nextTurn();
    for (const { stream } of hubs) await stream.catchUp();
  }
  for (const one of hubs) {
    await Promise.all(one.appended);
    one.stop();
  }
  return hubs;
}

type Hubs = Awaited<ReturnType<typeof run>>;

/** What a hub appends comes in its order, and at most once; and so does what it commits. */
function assertOwnOrder(hubs: Hubs): void {
  for (const { heard } of hubs) {
    const reached = new Map<string, number>();
    for (const one of heard) {
      if (!('text' in one)) continue;
      const [from = '', number] = one.text.split('/');
      const before = reached.get(from) ?? 0;
      if (Number(number) <= before) throw new Error(`${one.text} comes after ${from}/${before}`);
      reached.set(from, Number(number));
    }
  }
}

/** A hub hears all that it appends, whatever becomes of it. */
function assertOwnHeard(hubs: Hubs): void {
  for (const [number, { heard, appended }] of hubs.entries()) {
    const own = heard.filter((one) => 'text' in one && one.text.startsWith(`${number}`));
    if (own.length !== appended.length) throw new Error(`${own.length} own heard of ${appended.length}`);
  }
}

/** Nobody hears of what is committed before it has its place. */
function assertPlaced(hubs: Hubs): void {
  for (const { heard } of hubs)
    for (const one of heard)
      if ('text' in one && one.text.includes('commits') && one.position === undefined)
        throw new Error(`${one.text} has no place`);
}

/** No two hubs hear different things at a place, and places follow each other unless something is said to be missing. */
function assertOneOrder(hubs: Hubs): void {
  const places = new Map<string, string>();
  for (const { heard } of hubs) {
    let last = NOWHERE;
    for (const one of heard) {
      if ('after' in one) last = one.after;
      else if (one.position !== undefined) {
        const { epoch, offset } = one.position;
        if (epoch !== last.epoch || offset <= last.offset)
          throw new Error(`${one.text} at ${offset} does not follow ${last.offset}`);
        last = one.position;
        const place = `${epoch} ${offset}`;
        const there = places.get(place) ?? one.text;
        if (there !== one.text) throw new Error(`${place} is ${there} and ${one.text}`);
        places.set(place, there);
      }
    }
  }
}

/** Between two entries of other hubs there is no place that was not heard, but for own entries that were received before they had theirs. */
function assertNoSilentGaps(hubs: Hubs): void {
  const textOf = new Map<string, string>();
  for (const { heard } of hubs)
    for (const one of heard)
      if ('text' in one && one.position !== undefined)
        textOf.set(`${one.position.epoch} ${one.position.offset}`, one.text);
  for (const { heard } of hubs) {
    let last = NOWHERE;
    const texts = new Set<string>();
    for (const one of heard) {
      if ('after' in one) last = one.after;
      else {
        texts.add(one.text);
        if (one.position === undefined) continue;
        const { epoch, offset } = one.position;
        for (let between = last.offset + 1; between < offset; between++) {
          const text = textOf.get(`${epoch} ${between}`) ?? '';
          if (!texts.has(text)) throw new Error(`nobody said that ${text} at ${between} is missing`);
        }
        last = one.position;
      }
    }
  }
}

const actions = fc.array(action, { minLength: 1, maxLength: 40 });
const ALL: Keep = { entries: 1_000, bytes: 1_000_000, seconds: 60 };

test('whatever fails on its way, all hubs hear all that each appends, once and in one order', async () => {
  await fc.assert(
    fc.asyncProperty(actions, async (list) => {
      const hubs = await run(list, ALL);
      assertOwnOrder(hubs);
      assertOneOrder(hubs);
      assertPlaced(hubs);
      const count = hubs.reduce((sum, { appended }) => sum + appended.length, 0);
      for (const { heard, stream } of hubs) {
        const missed = heard.filter((one) => 'after' in one).length - 1;
        if (missed > 0 || heard.length !== count + 1)
          throw new Error(`${heard.length - 1} heard of ${count}, ${missed} times something was missing`);
        if (stream.position.offset !== count)
          throw new Error(`${stream.position.offset} places for ${count}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('where little is kept, and where the broker loses all, what is missing is announced', async () => {
  const some = fc.oneof({ weight: 12, arbitrary: action }, fc.constant<Action>({ do: 'restart' }));
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 40 }), async (list) => {
      const hubs = await run(list, { ...ALL, entries: 3 });
      assertOwnOrder(hubs);
      assertOwnHeard(hubs);
      assertOneOrder(hubs);
      assertNoSilentGaps(hubs);
    }),
    { numRuns: 300 },
  );
});
