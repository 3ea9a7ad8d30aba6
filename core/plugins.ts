/** Plugins: found, checked, put in order. */
import { readFileSync } from 'node:fs';
import { findPackageJSON, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { satisfies, validRange } from 'semver';
import type { TObject } from 'typebox';
import { isRecord } from './codec.ts';
import { messageOf, StartError } from './errors.ts';
import { copy, freeze } from './plain.ts';
import { API_VERSION, type ConfiguredPlugin, type PluginDefinition, type PluginFactory } from './plugin.ts';
import { compile, explain, type Validator } from './schema.ts';

/** Data of plugins is kept under their names, which must not meet, nor leave their place. */
const NPM_NAME = /^(@[a-z\d][\w.-]*\/)?[a-z\d][\w.-]*$/i;

/** A plugin as a configuration lists it: configured, a package name, or that with options. */
export type PluginEntry =
  | ConfiguredPlugin
  | string
  | readonly [name: string, options: Readonly<Record<string, unknown>>];

/** A plugin that may be set up. */
export interface LoadedPlugin {
  readonly definition: PluginDefinition<TObject>;
  /** Checked, with defaults, frozen. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly origin: string;
  readonly version: string;
}

/**
 * Loads and checks the plugins of a configuration.
 * @param from file the entries stand in: package names are resolved from there.
 * @returns in order of set-up: those of `requires` and `after` first, else as listed.
 * @throws StartError naming the plugin and what is wrong with it.
 */
export async function loadPlugins(entries: readonly PluginEntry[], from: string): Promise<LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = [];
  for (const [index, entry] of entries.entries()) {
    const plugin = await load(entry, from, `${from}: /plugins/${index}`);
    const other = loaded.find(({ definition }) => definition.name === plugin.definition.name);
    if (other !== undefined)
      throw new StartError(`plugin "${plugin.definition.name}" is listed twice in ${from}`);
    loaded.push(plugin);
  }
  return inOrder(loaded);
}

async function load(entry: PluginEntry, from: string, where: string): Promise<LoadedPlugin> {
  if (typeof entry === 'string') return loadPackage(entry, {}, from, where);
  if (Array.isArray(entry)) {
    const [name, options] = entry;
    if (typeof name !== 'string' || !isRecord(options)) {
      throw new StartError(`${where} must be [package name, options], found ${JSON.stringify(entry)}`);
    }
    return loadPackage(name, options, from, where);
  }
  if (!isConfiguredPlugin(entry)) {
    throw new StartError(
      `${where} must be a plugin such as rooms(), a package name, or [package name, options], found ${typeof entry === 'function' ? 'a function: call it' : JSON.stringify(entry)}`,
    );
  }
  return check(entry, from, entry.definition.version ?? '');
}

async function loadPackage(
  name: string,
  options: Readonly<Record<string, unknown>>,
  from: string,
  where: string,
): Promise<LoadedPlugin> {
  let module: unknown;
  try {
    module = await import(resolveFrom(name, from));
  } catch (error) {
    throw new StartError(`${where}: the package "${name}" cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const factory = isRecord(module) ? module.default : undefined;
  if (!isPluginFactory(factory)) {
    throw new StartError(
      `${where}: the default export of the package "${name}" is not a plugin made by definePlugin()`,
    );
  }
  const { definition } = factory;
  return check({ definition, options }, name, definition.version ?? packageVersion(name, from));
}

/** What `name` means in an import of the file `from`. `require.resolve` would not see what is exported for `import` alone. */
function resolveFrom(name: string, from: string): string {
  const parentURL = pathToFileURL(from).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, parentURL }),
  });
  try {
    return import.meta.resolve(name);
  } finally {
    hooks.deregister();
  }
}

function packageVersion(name: string, from: string): string {
  const file = findPackageJSON(name, pathToFileURL(from));
  return file === undefined ? '' : String(JSON.parse(readFileSync(file, 'utf8')).version ?? '');
}

function isConfiguredPlugin(value: unknown): value is ConfiguredPlugin {
  return isRecord(value) && isDefinition(value.definition);
}

function isPluginFactory(value: unknown): value is PluginFactory<TObject> {
  return typeof value === 'function' && 'definition' in value && isDefinition(value.definition);
}

function isDefinition(value: unknown): boolean {
  return isRecord(value) && typeof value.setup === 'function';
}

function check({ definition, options }: ConfiguredPlugin, origin: string, version: string): LoadedPlugin {
  const { name, api } = definition;
  if (typeof name !== 'string' || !NPM_NAME.test(name)) {
    throw new StartError(
      `a plugin of ${origin} needs a name as npm packages have it, found ${JSON.stringify(name)}`,
    );
  }
  if (validRange(api) === null)
    throw new StartError(`plugin "${name}": "api" must be a version range, found ${JSON.stringify(api)}`);
  if (!satisfies(API_VERSION, api)) {
    throw new StartError(`plugin "${name}" was written for plugin API ${api}, this hub has ${API_VERSION}`);
  }
  return { definition, options: checkOptions(definition, options), origin, version };
}

function checkOptions(
  definition: PluginDefinition<TObject>,
  given: unknown,
): Readonly<Record<string, unknown>> {
  // So that defaults are not written into the object somebody else gave.
  const options = copy(given);
  if (!isRecord(options)) throw new StartError(`plugin "${definition.name}": its options must be an object`);
  if (definition.options === undefined) {
    const [unknown] = Object.keys(options);
    if (unknown !== undefined)
      throw new StartError(`plugin "${definition.name}" has no options, found "${unknown}"`);
  } else {
    const validate = compileOptions(definition.name, definition.options);
    if (!validate(options))
      throw new StartError(`plugin "${definition.name}": options: ${explain(validate.errors)}`);
  }
  return freeze(options);
}

/** By their schemas: a process may start more than one hub, and what was compiled once stays in memory. */
const optionsValidators = new WeakMap<TObject, Validator<TObject>>();

function compileOptions(plugin: string, schema: TObject): Validator<TObject> {
  const compiled = optionsValidators.get(schema);
  if (compiled !== undefined) return compiled;
  try {
    const validate = compile({ additionalProperties: false, ...schema });
    optionsValidators.set(schema, validate);
    return validate;
  } catch (error) {
    throw new StartError(`plugin "${plugin}": the schema of its options is not valid: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function inOrder(plugins: readonly LoadedPlugin[]): LoadedPlugin[] {
  const byName = new Map(plugins.map((plugin) => [plugin.definition.name, plugin]));
  const ordered = new Set<LoadedPlugin>();
  const visit = (plugin: LoadedPlugin, path: readonly string[]): void => {
    const { name, requires = [], after = [] } = plugin.definition;
    if (ordered.has(plugin)) return;
    if (path.includes(name)) {
      throw new StartError(
        `plugins require or follow each other in a circle: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`,
      );
    }
    for (const earlier of after) {
      const other = byName.get(earlier);
      if (other !== undefined) visit(other, [...path, name]);
    }
    for (const required of requires) {
      const other = byName.get(required);
      if (other === undefined)
        throw new StartError(`plugin "${name}" requires plugin "${required}", which is not enabled`);
      visit(other, [...path, name]);
    }
    ordered.add(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return [...ordered];
}
