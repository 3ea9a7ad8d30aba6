/** What tests of schedules share: a walker that leaves a node for each tick, a look at these, and a clock that the test sets. */
import type { Store } from '../../../core/index.ts';
import type { Clock } from '../../../plugins/walkers/clock.ts';
import { PUBLIC_ROOT } from './wire.ts';

export class TestClock implements Clock {
  #now: number;
  readonly #waiting = new Map<() => void, number>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  until(at: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (at <= this.#now || signal.aborted) resolve();
    else {
      this.#waiting.set(resolve, at);
      signal.addEventListener('abort', () => resolve());
    }
    return promise;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const [resolve, at] of this.#waiting) {
      if (at > this.#now) continue;
      this.#waiting.delete(resolve);
      resolve();
    }
  }
}

/** A file with walkers that run every second, each of which leaves nodes of a type with its name. */
export function everySecond(...names: string[]): Readonly<Record<string, string>> {
  const walkers = names.map(
    (name) => `const ${name} = node('${name}', { at: Type.Number() });
export const run_${name} = walker({
  specs: { private: true, runs_for: ['public', 'users'], schedule: { trigger: 'cron', second: '*' } },
}).entry(Root, (w, here) => {
  here.connect(${name}({ at: w.event.tick }));
});`,
  );
  return { 'clock.ts': ["import { node, Root, Type, walker } from 'hub:walker';", ...walkers].join('\n') };
}

/** The time of the last tick of one of these walkers that was run; 0: none. */
export async function lastTick(store: Store, name: string): Promise<number> {
  return (await store.collection<{ at: number }>('walkers/graph').get(`tick run_${name}`))?.at ?? 0;
}

/** The ticks that one of these walkers has left nodes for, in their order in time. @param root of whom it ran for. */
export async function storedTicks(store: Store, name: string, root = PUBLIC_ROOT): Promise<number[]> {
  const graph = store.collection<{ root: string; fields: { at: number } }>('walkers/graph');
  const nodes = await Promise.all((await graph.ids({ prefix: `n:${name}:` })).map((id) => graph.get(id)));
  const ticks = nodes.flatMap((node) => (node?.root === root ? [node.fields.at] : []));
  return ticks.sort((a, b) => a - b);
}
