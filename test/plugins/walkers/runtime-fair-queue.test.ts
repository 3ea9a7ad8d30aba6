import fc from 'fast-check';
import { test } from 'tap';
import { FairQueue } from '../../../plugins/walkers/runtime/fair-queue.ts';

interface Job {
  readonly user: string;
  readonly n: number;
}

const drain = (queue: FairQueue<Job>) => {
  const all: Job[] = [];
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) all.push(job);
  return all;
};
const userArbitrary = fc.constantFrom('a', 'b', 'c', 'd');

test('users take turns, each in its own order, and those put back come first', (t) => {
  const queue = new FairQueue<Job>(100, 100);
  for (const [n, user] of ['a', 'a', 'a', 'b', 'c', 'b'].entries()) queue.push({ user, n });
  t.equal(queue.size, 6);
  const first = queue.shift();
  t.strictSame(first, { user: 'a', n: 0 });
  if (first !== undefined) queue.putBack(first);
  t.strictSame(queue.peek(), first);
  t.strictSame(
    drain(queue).map(({ n }) => n),
    [0, 3, 4, 1, 5, 2],
  );
  t.strictSame([queue.size, queue.peek()], [0, undefined]);
  t.end();
});

test('whatever is pushed comes out once; nobody waits for more than one of each other user between two of its own', (t) => {
  fc.assert(
    fc.property(fc.array(userArbitrary, { maxLength: 60 }), (users) => {
      const queue = new FairQueue<Job>(100, 100);
      for (const [n, user] of users.entries()) queue.push({ user, n });
      const out = drain(queue);
      t.same(new Set(out.map(({ n }) => n)).size, users.length);
      for (const user of new Set(users)) {
        const places = out.flatMap((job, place) => (job.user === user ? [place] : []));
        const between = places.map((place, i) => out.slice((places[i - 1] ?? -1) + 1, place));
        for (const others of between)
          if (new Set(others.map((job) => job.user)).size < others.length) return false;
        const own = out.filter((job) => job.user === user).map(({ n }) => n);
        if (own.some((n, i) => n < (own[i - 1] ?? -1))) return false;
      }
      return true;
    }),
  );
  t.end();
});

test('those that are taken out are gone, and the rest keeps its turns', (t) => {
  fc.assert(
    fc.property(fc.array(userArbitrary, { maxLength: 40 }), fc.integer({ min: 2, max: 5 }), (users, part) => {
      const queue = new FairQueue<Job>(100, 100);
      const rest = new FairQueue<Job>(100, 100);
      for (const [n, user] of users.entries()) {
        queue.push({ user, n });
        if (n % part !== 0) rest.push({ user, n });
      }
      const taken = queue.take(({ n }) => n % part === 0);
      t.equal(queue.size, rest.size);
      t.equal(taken.length + rest.size, users.length);
      t.strictSame(new Set(drain(queue)), new Set(drain(rest)));
    }),
  );
  t.end();
});

test('it takes so many in all, and so many of a user', (t) => {
  const queue = new FairQueue<Job>(3, 2);
  for (const n of [0, 1]) queue.push({ user: 'a', n });
  t.match([queue.fullFor('a'), queue.fullFor('b')], ['too many runs of this user are waiting', undefined]);
  queue.push({ user: 'b', n: 2 });
  t.match(
    [queue.fullFor('a'), queue.fullFor('b')],
    ['too many runs are waiting', 'too many runs are waiting'],
  );
  t.end();
});
