/** Commands of the CLI. They work on the store by themselves: a hub that has it to itself must be stopped. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { CityIO } from './cityio.ts';
import { dumpLines, dumpStream } from './dump.ts';
import { Restore, restoreFile } from './restore.ts';

export function addCommands(city: CityIO): void {
  const { hub, tables, protection, collector } = city;
  hub.command({
    name: 'dump',
    summary: 'writes all tables with their history and scenarios to a file, or to standard output',
    args: ['[file]'],
    run: async ({ args: [file], print }) => {
      if (file !== undefined) await pipeline(dumpStream(city), createWriteStream(file));
      else for await (const line of dumpLines(city)) print(line);
    },
  });
  hub.command({
    name: 'restore',
    summary: 'takes a dump in; tables of other names stay as they are',
    args: ['<file>'],
    run: async ({ args: [file = ''], print }) => {
      await restoreFile(file, new Restore(city), protection);
      print(`the store has ${tables.list().length} tables now`);
    },
  });
  hub.command({
    name: 'collect',
    summary: 'deletes what neither the history of a table nor a scenario refers to',
    run: async ({ print }) => {
      const deleted = await collector.collect(hub.signal);
      print(`${deleted} objects deleted`);
    },
  });
}
