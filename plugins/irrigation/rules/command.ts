/** `hub irrigation replay`: what a rule would have done. */
import { type Hub, StartError } from '../../../core/index.ts';
import type { Clock } from '../clock.ts';
import { readEvery, readTime } from '../queries.ts';
import { type ReplayParts, replay } from './replay.ts';

export function addReplay(hub: Hub, clock: Clock, parts: Omit<ReplayParts, 'walkers'>): void {
  hub.command({
    name: 'replay',
    summary: 'replays a walker over recorded events: prints what it would have done, and changes nothing',
    options: {
      '--walker <name>': 'the walker',
      '--from <time>': 'ISO 8601 or Unix ms (default: a day before --to)',
      '--to <time>': 'exclusive (default: now)',
      '--on <events>': 'events that trigger it, separated by commas (default: soil_moisture)',
      '--every <interval>': 'runs it by the clock instead, such as 15m',
      '--as <email>': 'the user it runs for (default: nobody)',
    },
    run: async ({ options, print }) => {
      const walkers = hub.find('walkers');
      if (walkers === undefined) throw new StartError('replay needs the plugin walkers');
      const { walker, from, to, on = 'soil_moisture', every, as: email } = options;
      if (typeof walker !== 'string') throw new StartError('--walker: expected the name of a walker');
      const user = typeof email === 'string' ? await hub.find('users')?.find(email) : undefined;
      if (email !== undefined && user === undefined) throw new StartError(`--as: there is no user ${email}`);
      await parts.field.load(clock.now());
      const end = typeof to === 'string' ? readTime('to', to) : clock.now();
      const runs = await replay(
        { ...parts, walkers },
        {
          walker,
          from: typeof from === 'string' ? readTime('from', from) : end - 86_400_000,
          to: end,
          events: String(on).split(','),
          every: typeof every === 'string' ? readEvery(every) : undefined,
          root: user?.rootId,
        },
        print,
      );
      print(`${walker} ran ${runs} times; nothing was changed`);
    },
  });
}
