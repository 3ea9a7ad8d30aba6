/** `hub irrigation replay`: what a rule would have done. */
import { type CommandInput, type Hub, type Services, StartError } from '../../../core/index.ts';
import type { Clock } from '../clock.ts';
import { readEvery, readTime } from '../queries.ts';
import { type Replay, type ReplayParts, replay } from './replay.ts';

type Given = CommandInput['options'];
type Triggers = Awaited<ReturnType<Services['walkers']['triggersOf']>>;

/** Without `--from`, a day is replayed. */
const DAY = 86_400_000;

interface CommandParts extends Omit<ReplayParts, 'walkers'> {
  /** Reads the field. */
  readonly load: () => Promise<void>;
}

export function addReplay(hub: Hub, clock: Clock, parts: CommandParts): void {
  hub.command({
    name: 'replay',
    summary: 'replays a walker over recorded events: prints what it would have done, and changes nothing',
    options: {
      '--walker <name>': 'the walker',
      '--from <time>': 'ISO 8601 or Unix ms (default: a day before --to)',
      '--to <time>': 'exclusive (default: now)',
      '--on <events>': 'events that trigger it, separated by commas (default: what its specs say)',
      '--every <interval>': 'runs it by the clock, such as 15m (default: what its specs say)',
      '--as <email>': 'the user it runs for (default: nobody)',
      '--empty': 'begins with an empty graph (default: with the graph as it is now)',
      '--prepare <walker>': 'a walker that runs first, at --from, to put thresholds on the graph',
      '--context <json>': 'its fields, as a JSON object',
    },
    run: async ({ options: given, print }) => {
      const walkers = hub.find('walkers');
      if (walkers === undefined) throw new StartError('replay needs the plugin walkers');
      const { walker, from, to, as: email, empty } = given;
      if (typeof walker !== 'string') throw new StartError('--walker: expected the name of a walker');
      const account = typeof email === 'string' ? await hub.find('users')?.find(email) : undefined;
      if (email !== undefined && account === undefined)
        throw new StartError(`--as: there is no user ${email}`);
      const end = typeof to === 'string' ? readTime('to', to) : clock.now();
      const begin = typeof from === 'string' ? readTime('from', from) : end - DAY;
      const triggers = await walkers.triggersOf(walker);
      if (account === undefined && !triggers.runsFor.includes('public') && !isTriggeredBy(given)) {
        throw new StartError(`${walker} runs for users who have it on: say for whom, with --as`);
      }
      await parts.load();
      const runs = await replay(
        { ...parts, walkers },
        {
          walker,
          from: begin,
          to: end,
          ...triggersIn(given, triggers, begin, end, walker),
          user: account && { id: account.id, root: account.rootId },
          isEmpty: empty === true,
          prepare: preparation(given),
        },
        print,
      );
      print(`${walker} ran ${runs} times; nothing was changed`);
    },
  });
}

/** Whether the command says what triggers the walker. */
function isTriggeredBy({ on, every }: Given): boolean {
  return on !== undefined || every !== undefined;
}

/** What triggers it: what the command says, else the walker's specs. @throws StartError when neither does. */
function triggersIn(
  given: Given,
  { on: topics, schedule }: Triggers,
  from: number,
  to: number,
  walker: string,
): Pick<Replay, 'isOn' | 'ticks' | 'clocked'> {
  const { on, every } = given;
  if (isTriggeredBy(given)) {
    const named = typeof on === 'string' ? on.split(',').map((event) => `irrigation.${event}`) : [];
    const ms = typeof every === 'string' ? readEvery(every) : undefined;
    return {
      isOn: (topic) => named.includes(topic),
      ticks: ms === undefined ? [] : each(ms, from, to),
      clocked: {},
    };
  }
  if (schedule === undefined && topics.length === 0) {
    throw new StartError(`nothing triggers ${walker}: say what does, with --on or --every`);
  }
  const isOn = (topic: string) =>
    topics.some(
      (one) => one === '*' || one === topic || (one.endsWith('.*') && topic.startsWith(one.slice(0, -1))),
    );
  if (schedule === undefined) return { isOn, ticks: [], clocked: {} };
  const { fields, root, node } = schedule;
  return {
    isOn,
    ticks: schedule.ticks(from, to),
    clocked: { fields, root, ...(node !== undefined && { node }) },
  };
}

function* each(ms: number, from: number, to: number): Generator<number> {
  for (let at = from; at < to; at += ms) yield at;
}

/** @throws StartError. */
function preparation({ prepare, context }: Given): Replay['prepare'] {
  if (typeof prepare !== 'string') {
    if (context !== undefined) throw new StartError('--context: expected --prepare with it');
    return undefined;
  }
  try {
    const fields: unknown = JSON.parse(typeof context === 'string' ? context : '{}');
    if (typeof fields === 'object' && fields !== null) return { walker: prepare, fields: { ...fields } };
  } catch {
    // Told below, as everything that is no object.
  }
  throw new StartError(`--context: expected a JSON object, found ${String(context).slice(0, 60)}`);
}
