#!/usr/bin/env node
/** The command line: `hub start | check | token | plugins`, and the commands of plugins. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { HubError, messageOf, StartError } from './errors.ts';
import { VERSION } from './version.ts';

// A quarter less time to load; where the folder cannot be written, nothing is kept.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/wayhub'));
// Loaded when used, so that help and tokens need not wait for all of the hub.
const startCommand = () => import('./commands/start.ts');
const memberCommand = () => import('./commands/member.ts');
const hubCommands = () => import('./commands/hub-commands.ts');
const storeCommand = () => import('./commands/store-command.ts');
const tokenCommand = () => import('./commands/token-command.ts');
const pluginCommand = () => import('./commands/plugin-command.ts');

const collect = (value: string, values: readonly string[]): readonly string[] => [...values, value];

const program = new Command('hub')
  .description(
    'A plugin-based real-time hub. The configuration is hub.config.ts, or the file HUB_CONFIG names.',
  )
  .version(VERSION)
  .exitOverride();
program
  .command('start')
  .description('run the hub')
  .option('--processes <n>', 'run it as so many processes on the same ports; needs a plugin such as redis')
  .addOption(new Option('--process <n>').hideHelp())
  .action(async (options) => {
    // Only the first of them starts processes that are told which one they are.
    if (options.process === undefined) await (await startCommand()).start(options);
    else await (await memberCommand()).startMember(Number(options.process));
  });
program
  .command('check')
  .description('check the configuration and set every plugin up, without opening a port or the data')
  .action(async () => (await hubCommands()).check());
program
  .command('token')
  .description("make a token, signed with the hub's secret; it is the last line printed")
  .requiredOption('--sub <id>', 'the user it is for')
  .option('--claim <key=value>', 'a claim; repeatable; a value that is JSON is taken as JSON', collect, [])
  .option('--expires <seconds>', 'how long it is valid; default: for ever')
  .action(async (options) => (await tokenCommand()).token(options));
program
  .command('plugins')
  .description('what is loaded, from where, and what it registers')
  .action(async () => (await hubCommands()).plugins());
program
  .command('store')
  .description('what the hub keeps')
  .command('copy')
  .description(
    'copy all of it into an empty store, while no hub runs: sqlite, lowdb, or a plugin that brings one',
  )
  .requiredOption('--from <store>', 'where it is')
  .requiredOption('--to <store>', 'where it shall be')
  .action(async (options) => (await storeCommand()).copy(options));
program.addHelpText(
  'after',
  '\nPlugins add commands of their own: hub <plugin> <command>. `hub plugins` lists them.',
);

const [name, ...rest] = process.argv.slice(2);
const isOwn =
  name === undefined ||
  name.startsWith('-') ||
  ['help', ...program.commands.map((one) => one.name())].includes(name);

try {
  // Not through commander, which would take options such as --help for its own.
  await (isOwn ? program.parseAsync() : (await pluginCommand()).runPluginCommand(name, rest));
  // A hub that listens goes on; everything else ends here, even when a plugin left a timer or a socket behind.
  if (name !== 'start') end(0);
} catch (error) {
  if (error instanceof CommanderError) end(error.exitCode);
  else {
    // What an operator can mend needs no stack trace; everything else does.
    const isPlain = error instanceof StartError || error instanceof HubError;
    const text = !isPlain && error instanceof Error ? error.stack : messageOf(error);
    process.stderr.write(`hub: ${text}\n`);
    end(1);
  }
}

/** Ends when all that was printed has left. */
function end(code: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}
