/** The topics that plugins defined. */
import { compile, StartError, type TSchema, type Validator } from '../../core/index.ts';
import type { TopicDefinition } from './definition.ts';
import { covers, isPattern, patternsOf, spaceOf } from './names.ts';

export interface DefinedTopic {
  /** A name, or a family ending in `.*`. */
  readonly name: string;
  readonly plugin: string;
  readonly definition: TopicDefinition;
  readonly validate: Validator<TSchema>;
}

export class Registry {
  readonly #topics = new Map<string, DefinedTopic>();
  /** First parts of the names: they belong to plugins. */
  readonly #spaces = new Set<string>();
  #isFrozen = false;

  /** @throws StartError when it is no name or family, is defined already, or is in a family of another plugin; or after set-up. */
  define(plugin: string, name: string, definition: TopicDefinition): void {
    const what = `plugin "${plugin}": the topic "${name}"`;
    if (this.#isFrozen) throw new StartError(`${what} can only be defined during set-up`);
    if (!isPattern(name) || name === '*')
      throw new StartError(`${what} must have a name such as irrigation.soil_moisture, or end in .*`);
    for (const other of this.#topics.values()) {
      const isSame = other.name === name;
      const clashes = other.plugin !== plugin && (covers(other.name, name) || covers(name, other.name));
      if (isSame || clashes)
        throw new StartError(`${what} is already defined by plugin "${other.plugin}" as "${other.name}"`);
    }
    this.#topics.set(name, { name, plugin, definition, validate: compile(definition.schema) });
    this.#spaces.add(spaceOf(name));
  }

  /** Set-up is over. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** The definition that holds for a name: its own, or that of the narrowest family. */
  find(name: string): DefinedTopic | undefined {
    const own = this.#topics.get(name);
    if (own !== undefined) return own;
    for (const pattern of patternsOf(name)) {
      const family = this.#topics.get(pattern);
      if (family !== undefined) return family;
    }
    return undefined;
  }

  /** Whether a plugin defined topics whose names begin alike. */
  isOwned(name: string): boolean {
    return this.#spaces.has(spaceOf(name));
  }

  [Symbol.iterator](): IterableIterator<DefinedTopic> {
    return this.#topics.values();
  }
}
