/** Walkers that run when a topic is told of: `specs.on`. */
import type { Services } from '../../core/index.ts';
import { PUBLIC } from './callers.ts';
import type { Engine } from './engine.ts';

/** Keeps walkers listening, as they come and go. Each is run for whoever is not logged in, with `event: {topic, data}`. */
export function followTopics(engine: Engine, topics: Services['topics']): void {
  let ends: (() => void)[] = [];
  engine.onChange((walkers) => {
    for (const end of ends) end();
    ends = [...walkers.values()].flatMap(({ name, specs }) =>
      specs.on.length === 0
        ? []
        : topics.subscribe(specs.on, (data, topic) => {
            const walker = engine.walkers.get(name);
            if (walker !== undefined)
              engine.trigger({ walker, fields: {}, caller: PUBLIC, event: { topic, data }, line: 'topics' });
          }),
    );
  });
}
