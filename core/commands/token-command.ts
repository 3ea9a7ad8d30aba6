/** `hub token`: a token signed with the hub's secret. */
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { StartError } from '../errors.ts';
import { signToken } from '../identity.ts';
import { hubKeys } from '../secret.ts';
import { openState } from '../store/state.ts';
import { isProduction, print } from './environment.ts';

interface TokenOptions {
  readonly sub: string;
  readonly claim: readonly string[];
  readonly expires?: string;
}

export async function token({ sub, claim, expires }: TokenOptions): Promise<void> {
  const config = await loadConfig(process.env);
  const claims = Object.fromEntries(claim.map(parseClaim));
  const seconds = expires === undefined ? undefined : Number(expires);
  if (seconds !== undefined && !(seconds > 0))
    throw new StartError(`--expires must be seconds above 0, found "${expires}"`);
  const { secret } = config.identity;
  if (config.store === 'memory' && secret === undefined) {
    throw new StartError(
      'with the store "memory" the development secret is not kept: set HUB_SECRET or identity.secret',
    );
  }
  const keys = await hubKeys(secret, isProduction, (name, defaults) =>
    openState(join(config.data, 'state', `${name}.json`), defaults),
  );
  print(await signToken(keys, sub, claims, seconds));
}

function parseClaim(text: string): [string, unknown] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new StartError(`--claim must be key=value, found "${text}"`);
  if (['sub', 'exp', 'iat'].includes(key)) throw new StartError(`--claim ${key}: use --sub or --expires`);
  try {
    return [key, JSON.parse(value)];
  } catch {
    return [key, value];
  }
}
