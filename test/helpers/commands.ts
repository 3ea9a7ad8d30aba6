/** Commands of a hub in this process: what they do. That the command line finds them, and how it fails, is for a process; see project.ts. */
import { groupOf } from '../../core/registry.ts';
import type { TestHub } from './hub.ts';

/** What the command line makes of `--name value` and `--name`. */
type CommandOptions = Readonly<Record<string, string | boolean>>;

/** @returns the lines that it prints. Rejects as the command does. */
export async function command(
  hub: TestHub,
  group: string,
  name: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<string[]> {
  const all = hub.plugins.flatMap((record) =>
    record.commands.map((one) => ({ one, group: groupOf(record, one) })),
  );
  const found = all.find((candidate) => candidate.group === group && candidate.one.name === name);
  if (found === undefined) throw new Error(`no command ${group} ${name}`);
  const printed: string[] = [];
  await found.one.run({ args, options, print: (line) => void printed.push(line) });
  return printed;
}
