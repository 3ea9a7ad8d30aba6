/** The commands `hub walkers` and `hub walker …`: for those who write walkers. They need no running hub. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandInput, type Hub, HubError, StartError } from '../../core/index.ts';
import type { CallResult } from './call.ts';
import { type Caller, callerOfRoot, PUBLIC } from './callers.ts';
import type { Engine } from './engine.ts';
import type { Offer } from './grants/offer.ts';
import type { WalkerFile } from './runtime/library.ts';
import type { Cost } from './runtime/protocol.ts';
import { skeleton } from './skeleton.ts';

const NAME = /^[A-Za-z_]\w{0,99}$/;
/** Digits of a version that are shown. */
const VERSION_LENGTH = 8;

export function addCommands(hub: Hub, engine: Engine): void {
  hub.command({
    name: 'list',
    isDefault: true,
    summary: 'the files of the folder, their version and walkers, and why one does not load',
    run: async ({ print }) => {
      await engine.start();
      const { files } = engine;
      if (files.length === 0) print(`no walkers in ${engine.folder}; make one: hub walker new NAME`);
      for (const file of files) for (const line of describe(file)) print(line);
    },
  });
  hub.command({
    name: 'run',
    group: 'walker',
    summary: 'run a walker; prints its log, notifications, reports and cost; notifications reach nobody',
    args: ['<name>'],
    options: {
      '--context <json>': 'its fields, as a JSON object',
      '--as <email>': 'the user it runs for; default: whoever is not logged in',
      '--node <id>': 'the node it starts on; default: the root',
    },
    run: async (input) => {
      await engine.start();
      await run(engine, input);
    },
  });
  hub.command({
    name: 'grants',
    group: 'walker',
    summary: 'the functions that plugins offer to walkers, by grant',
    run: async ({ print }) => {
      if (engine.offers.grants.size === 0) print('no plugin offers functions to walkers');
      for (const [grant, functions] of engine.offers.grants) {
        for (const [name, offer] of functions)
          for (const line of describeOffer(`${grant}.${name}`, offer)) print(line);
      }
    },
  });
  hub.command({
    name: 'new',
    group: 'walker',
    summary: 'write a file with a small walker to start from',
    args: ['<name>'],
    run: async ({ args: [name = ''], print }) => {
      if (!NAME.test(name))
        throw new StartError(`a walker's name is letters, digits and _, found ${JSON.stringify(name)}`);
      const file = join(engine.folder, `${name}.ts`);
      await mkdir(engine.folder, { recursive: true });
      await writeFile(file, skeleton(name), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? new StartError(`${file} is there already`) : error;
      });
      print(`wrote ${file}; try it: hub walker run ${name}`);
    },
  });
}

async function run(engine: Engine, { args: [name = ''], options, print }: CommandInput): Promise<void> {
  const walker = engine.walkers.get(name);
  if (walker === undefined) throw new StartError(`there is no walker ${name}${reasons(engine)}`);
  const caller = await callerFor(engine, options.as);
  const fields = contextOf(options.context);
  const node = typeof options.node === 'string' ? options.node : undefined;
  const result = await engine.runAside(
    { walker, fields, caller, node },
    {
      notify: (to, targets, data) => print(`notify ${[to, ...targets].join(' ')} ${data.text}`),
      emit: (topic, data) => print(`topic ${topic} ${data.text}`),
      log: (level, text) => print(`log ${level} ${text}`),
      failed: () => {},
    },
  );
  for (const line of outcome(result)) print(line);
  print(`cost ${costText(result.cost)}`);
  if (result.ok) return;
  const where = result.at === undefined ? '' : `${result.at}: `;
  throw new HubError(result.code, `${name} failed (${result.code}): ${where}${result.message}`);
}

function outcome(result: CallResult): string[] {
  if (!result.ok)
    return (result.errors ?? []).map(({ loc, msg }) => `invalid --context ${loc.join('.')}: ${msg}`);
  const reports: readonly unknown[] = JSON.parse(result.reports.text);
  const lines = reports.map((report) => `report ${JSON.stringify(report)}`);
  const { status, body } = result.reply ?? {};
  if (status !== undefined) lines.push(`status ${status}`);
  if (body !== undefined) lines.push(`body ${JSON.stringify(body)}`);
  return lines;
}

function costText({ cpuUs, wallUs, heapBytes, reads, writes }: Cost): string {
  const ms = (us: number) => (us / 1_000).toFixed(1);
  const megabytes = (heapBytes / 1_000_000).toFixed(1);
  return `${ms(cpuUs)} ms CPU, ${ms(wallUs)} ms in all, ${megabytes} MB heap, ${reads} reads, ${writes} writes`;
}

async function callerFor({ users }: Engine, email: unknown): Promise<Caller> {
  if (typeof email !== 'string') return PUBLIC;
  const user = await users.find(email);
  if (user === undefined) throw new StartError(`there is no account ${email}`);
  return callerOfRoot(user.rootId, users);
}

function contextOf(text: unknown): Readonly<Record<string, unknown>> {
  if (typeof text !== 'string') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below, as everything that is no object.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new StartError(`--context must be a JSON object, found ${text.slice(0, 60)}`);
}

function describe({ file, walkers, error }: WalkerFile): string[] {
  const [first] = walkers;
  const version = first?.bundle.hash.slice(0, VERSION_LENGTH) ?? '-'.repeat(VERSION_LENGTH);
  const lines = [`${file}  ${version}  ${walkers.length === 0 ? 'no walkers' : ''}`.trimEnd()];
  for (const { name, specs } of walkers) {
    const { methods, summary, schedule, on, runs_for, grants } = specs;
    const ways = specs.private ? 'private' : methods.join(', ');
    const list = (what: string, names: readonly string[]) =>
      names.length > 0 && `${what} ${names.join(', ')}`;
    const more = [schedule && `schedule ${schedule.trigger}`, list('on', on)];
    if (runs_for.includes('users')) more.push('users switch it on');
    more.push(list('grants', grants));
    lines.push(`  ${name}  ${[ways, ...more.filter(Boolean), summary].filter(Boolean).join('; ')}`);
  }
  if (error !== undefined) lines.push(`  does not load: ${error}`);
  return lines;
}

function describeOffer(name: string, { doc, parameters, result }: Offer): string[] {
  return [name, `  ${doc}`, `  given ${JSON.stringify(parameters)}`, `  result ${JSON.stringify(result)}`];
}

/** The files that do not load: what is missing may be in one of them. */
function reasons({ files }: Engine): string {
  const errors = files.flatMap(({ error }) => (error === undefined ? [] : [`\n  ${error}`]));
  return errors.length === 0 ? '' : `; these files do not load:${errors.join('')}`;
}
