/** What each plugin registered: for `hub plugins`, the page at `/` and messages about clashes. */
import { StartError } from './errors.ts';
import type { DocumentPaths, PluginCommand } from './plugin.ts';

export interface PluginRecord {
  readonly name: string;
  readonly version: string;
  /** Where it was loaded from: a package name, or the configuration file. */
  readonly origin: string;
  readonly endpoints: string[];
  /** `<endpoint> <type>`. */
  readonly accepts: string[];
  readonly emits: string[];
  /** `<method> <path>`. */
  readonly routes: string[];
  readonly hooks: string[];
  readonly timers: string[];
  readonly commands: PluginCommand[];
  /** Parts of the document of the HTTP routes. */
  readonly documents: (() => DocumentPaths)[];
  readonly services: string[];
  /** Why it is not ready; undefined: it is. */
  readonly obstacles: (() => string | undefined)[];
}

/** The first word of a plugin's command. */
export function groupOf(record: PluginRecord, command: PluginCommand): string {
  return command.group ?? record.name;
}

/** Closes when set-up is over: what is registered later would be seen by some clients and not by others. */
export class RegistrationGate {
  #isFrozen = false;

  freeze(): void {
    this.#isFrozen = true;
  }

  /** @throws StartError after set-up. */
  assertOpen(plugin: string, what: string): void {
    if (!this.#isFrozen) return;
    throw new StartError(
      `plugin "${plugin}": ${what} was registered after set-up, when the registries are frozen`,
    );
  }
}
