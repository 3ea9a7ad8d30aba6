/**
 * Links the Node that came with the packages among their commands, where npm scripts find it first. npm 11 does so itself; those before
 * remove the link together with the packages for other platforms, which have one of the same name. Runs on any Node from 20 on. A
 * shell remembers where it found `node`: what follows in a script says `env node`.
 */
import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const link = join('node_modules', '.bin', 'node');
const installed = Object.keys(optionalDependencies)
  .map((name) => join(name, 'bin', 'node'))
  .find((file) => existsSync(join('node_modules', file)));
if (installed !== undefined && lstatSync(link, { throwIfNoEntry: false }) === undefined) {
  symlinkSync(join('..', installed), link);
}
