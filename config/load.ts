/** Loads a configuration: the file, the environment's overrides, defaults, and the check of it all. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRecord } from '../core/codec.ts';
import { messageOf, StartError } from '../core/errors.ts';
import { copy } from '../core/plain.ts';
import { compile, explain } from '../core/schema.ts';
import { Configuration, type HubConfig } from './schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env `HUB_CONFIG` names the file (default `hub.config.ts` in the working folder); the others override its settings.
 * @throws StartError that says the file, the path in it, what was found and what is allowed.
 */
export async function loadConfig(env: Environment): Promise<HubConfig> {
  const file = resolve(env.HUB_CONFIG ?? 'hub.config.ts');
  if (!existsSync(file)) {
    throw new StartError(`there is no configuration ${file}; make one, or name another in HUB_CONFIG`);
  }
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new StartError(`${file} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
  if (!isRecord(module.default))
    throw new StartError(`${file} must have a default export: export default defineConfig({ … })`);
  return completeConfig(module.default, file, env);
}

/** Checks a configuration and fills in what it leaves open. @throws StartError */
export function completeConfig(
  given: Readonly<Record<string, unknown>>,
  file: string,
  env: Environment = {},
): HubConfig {
  // Defaults are filled into the copy. The loader of plugins deals with theirs.
  const { plugins, ...rest } = given;
  const settings: unknown = { ...copy(rest), ...(plugins !== undefined && { plugins }) };
  const validate = compile(Configuration);
  if (!validate(settings)) throw new StartError(`${file}: ${explain(validate.errors)}`);
  const overridden = { ...settings, ...overrides(settings, env) };
  if (!validate(overridden)) throw new StartError(`environment over ${file}: ${explain(validate.errors)}`);
  return { ...overridden, data: resolve(dirname(file), overridden.data), file };
}

function overrides(settings: Configuration, env: Environment): Record<string, unknown> {
  const { HUB_HOST, HUB_PORT, HUB_DATA, HUB_LOG_LEVEL, HUB_SECRET } = env;
  return {
    ...(HUB_HOST && { host: HUB_HOST }),
    ...(HUB_PORT && { ports: HUB_PORT.split(',').map((port) => toPort(port.trim())) }),
    ...(HUB_DATA && { data: resolve(HUB_DATA) }),
    ...(HUB_LOG_LEVEL && { logLevel: HUB_LOG_LEVEL }),
    ...(HUB_SECRET && { identity: { ...settings.identity, secret: HUB_SECRET } }),
  };
}

function toPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new StartError(
    `HUB_PORT must be a port from 0 to 65535, or several separated by commas, found "${text}"`,
  );
}
