/** A store in memory for several hubs of one process: what a test needs to see them share their data. */
import type { ConfiguredPlugin } from '../../core/index.ts';
import { openLowdbStore } from '../../core/store/lowdb.ts';
import type { Store } from '../../core/store/port.ts';
import { plugin } from './plugin.ts';

export interface SharedStore {
  /** As one more hub has it: closing it leaves it to the others. */
  open(): Store;
  /** Gives the store to each hub whose plugins it is among. */
  readonly plugin: ConfiguredPlugin;
}

export async function sharedStore(): Promise<SharedStore> {
  const store = await openLowdbStore({ memory: true });
  const open = () => ({ ...store, isShared: true, close: () => Promise.resolve() });
  return { open, plugin: plugin('shared-store', () => {}, { parts: () => ({ store: open() }) }) };
}
