import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { Options } from '../../../plugins/chat/options.ts';

const folder = join(import.meta.dirname, '../../../plugins/chat');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

test('the README has every option and claim with its default', async (t) => {
  const { claims, ...options } = JSON.parse(JSON.stringify(Options.properties));
  const rows: [string, unknown][] = [['claims', claims.default]];
  for (const [name, option] of Object.entries<{ default: unknown }>(options))
    rows.push([name, option.default]);
  for (const [name, claim] of Object.entries<{ default: unknown }>(claims.properties))
    rows.push([`claims.${name}`, claim.default]);
  for (const [name, value] of rows) {
    const [, shown = ''] = new RegExp(`^\\| \`${name}\` \\| ([^|]*) \\|`, 'm').exec(readme) ?? [];
    const expected =
      typeof value === 'number' ? value.toLocaleString('en') : JSON.stringify(value).replaceAll('"', "'");
    t.equal(shown.replaceAll('`', ''), expected, name);
  }
});

test('the README has every error code', async (t) => {
  const codes = new Set<string>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join(folder, file), 'utf8');
    for (const [, code = ''] of source.matchAll(/new HubError\(\s*'(\w+)'/g)) codes.add(code);
  }
  t.ok(codes.size > 8);
  for (const code of codes)
    if (!['unauthorized', 'forbidden', 'not_found'].includes(code))
      t.ok(readme.includes(`\`${code}\``), code);
});
