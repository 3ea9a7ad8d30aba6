/** Walkers that run when a topic is told of: `specs.on`. */
import type { Services } from '../../core/index.ts';
import { type Caller, PUBLIC } from './callers.ts';
import type { Engine } from './engine.ts';
import type { Rounds } from './switches/rounds.ts';

type Told = Parameters<Parameters<Services['topics']['subscribe']>[1]>[2];

/**
 * Keeps walkers listening, as they come and go. Each is run for whoever is not logged in, for the users who have it on, or
 * for both, with `event: {topic, data}`. Whoever told of the topic does not wait for them.
 */
export function followTopics(engine: Engine, topics: Services['topics'], rounds: Rounds): void {
  let ends: (() => void)[] = [];
  const trigger = (name: string, event: { topic: string; data: unknown }, { isFor, hops }: Told) => {
    const walker = engine.walkers.get(name);
    const run = engine.triggered(name, hops);
    if (walker === undefined || run === undefined) return;
    const { runs_for } = walker.specs;
    if (runs_for.includes('public')) void run({ walker, fields: {}, caller: PUBLIC, event, line: 'topics' });
    if (runs_for.includes('users')) {
      const runFor = async (caller: Caller) => {
        await run({ walker, fields: {}, caller, event });
        return true;
      };
      rounds.begin({ walker: name, isFor, run: runFor });
    }
  };
  engine.onChange((walkers) => {
    for (const end of ends) end();
    ends = [...walkers.values()]
      .filter(({ specs }) => specs.on.length > 0)
      .map(({ name, specs }) =>
        topics.subscribe(specs.on, (data, topic, told) => trigger(name, { topic, data }, told)),
      );
  });
}
