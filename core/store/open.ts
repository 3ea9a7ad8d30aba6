/** Opens the embedded store a configuration asks for. Drivers are loaded only when used. */
import type { Store } from './port.ts';

export interface EmbeddedStore {
  readonly store: 'sqlite' | 'lowdb' | 'memory';
  /** Folder of the data. */
  readonly data: string;
  readonly durability: 'process' | 'power';
}

export async function openStore({ store, data, durability }: EmbeddedStore): Promise<Store> {
  if (store === 'sqlite') {
    const { openSqliteStore } = await import('./sqlite.ts');
    return openSqliteStore({ folder: data, durability });
  }
  const { openLowdbStore } = await import('./lowdb.ts');
  return openLowdbStore(store === 'memory' ? { memory: true } : { folder: data });
}
