/** Runs a command that a plugin contributed. */
import { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { StartError } from '../errors.ts';
import { prepareHub } from '../hub.ts';
import { createLog } from '../log.ts';
import type { PluginCommand } from '../plugin.ts';
import { groupOf } from '../registry.ts';
import { isProduction, print } from './environment.ts';

/**
 * @param group first word of the command: a plugin's name, or what it called the group.
 * @param argv command name, its arguments and options.
 * @throws StartError when there is no such group, CommanderError when there is no such command.
 */
export async function runPluginCommand(group: string, argv: readonly string[]): Promise<void> {
  const config = await loadConfig(process.env);
  const hub = await prepareHub(config, { log: createLog('warn'), production: isProduction });
  try {
    const groups = new Map<string, PluginCommand[]>();
    for (const record of hub.plugins) {
      for (const command of record.commands) {
        const name = groupOf(record, command);
        groups.set(name, [...(groups.get(name) ?? []), command]);
      }
    }
    const commands = groups.get(group);
    if (commands === undefined) {
      const known = [...groups.keys()].join(', ') || 'none';
      throw new StartError(`there is no command "${group}"; commands of plugins: ${known}`);
    }
    const program = new Command(`hub ${group}`).exitOverride();
    for (const command of commands) addCommand(program, command);
    await program.parseAsync(argv, { from: 'user' });
  } finally {
    await hub.stop();
  }
}

function addCommand(program: Command, given: PluginCommand): void {
  const { name, summary, isDefault = false, args = [], options = {}, run } = given;
  const command = program.command(name, { isDefault }).description(summary);
  for (const argument of args) command.argument(argument);
  for (const [flags, explanation] of Object.entries(options)) command.option(flags, explanation);
  command.action(async () => {
    await run({ args: command.args, options: command.opts(), print });
  });
}
