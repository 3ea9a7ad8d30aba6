/** What the plugin's own processes are started with. */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/** Nothing of the hub's environment, which may hold secrets, but where code is kept compiled, for a quicker start. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  // What is asked for is the folder above that of the version of Node.
  return { PATH: process.env.PATH, ...(cache !== undefined && { NODE_COMPILE_CACHE: dirname(cache) }) };
}
