/** The table a newcomer finds: 20 × 20 cells on real ground, Kendall Square in Cambridge, Massachusetts. */
import { readFile } from 'node:fs/promises';
import type { CityIO } from './cityio.ts';
import { type NewModule, newModule } from './grid.ts';
import type { Json } from './json-text.ts';

const FILE = new URL('./demo/kendall.json', import.meta.url);

/** Makes the table `kendall`, if nothing ever was in the store, or nothing is any more. */
export async function createDemo({ repository, tables, writer }: CityIO): Promise<void> {
  if (tables.list().length > 0 || !(await repository.isEmpty())) return;
  const modules: Record<string, Json> = JSON.parse(await readFile(FILE, 'utf8'));
  const put = new Map<string, NewModule>();
  for (const [key, value] of Object.entries(modules)) put.set(key, newModule(key, value));
  await writer.merge('kendall', put);
}
