/** `hub store copy`: moves what an installation keeps from one store to another. */
import { loadConfig } from '../../config/load.ts';
import type { HubConfig } from '../../config/schema.ts';
import { StartError } from '../errors.ts';
import { createLog } from '../log.ts';
import { openParts } from '../parts.ts';
import { loadPlugins } from '../plugins.ts';
import { copyStore } from '../store/copy.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/port.ts';
import { isSqliteInUse } from '../store/sqlite-file.ts';
import { print } from './environment.ts';

interface CopyOptions {
  readonly from: string;
  readonly to: string;
}

/** A store, and what closes it with everything that was opened for it. */
interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

export async function copy({ from, to }: CopyOptions): Promise<void> {
  if (from === to) throw new StartError('--from and --to must be two stores');
  const config = await loadConfig(process.env);
  const source = await open('--from', from, config);
  try {
    const target = await open('--to', to, config);
    try {
      await copyStore(source.store, target.store, from, print);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  print(`The small files in ${config.data}/state are no part of a store: they stay where they are.`);
}

/** @throws StartError when there is no such store, it cannot be opened, or a hub is at work on it. */
async function open(option: string, name: string, config: HubConfig): Promise<Opened> {
  if (name === 'sqlite' || name === 'lowdb') {
    if (name === 'sqlite' && isSqliteInUse(config.data)) throw inUse(option, name);
    const store = await openStore({ ...config, store: name });
    return { store, close: () => store.close() };
  }
  const all = await loadPlugins(config.plugins, config.file);
  const plugins = all.filter(({ definition }) => definition.name === name);
  const { store, broker, byPlugin } = await openParts(
    plugins,
    { ...config, store: 'memory' },
    createLog('warn'),
  );
  const close = async () => {
    await broker?.close();
    await store.close();
  };
  if (byPlugin.get(name)?.store !== undefined && !(await store.contents.isUsed?.())) return { store, close };
  await close();
  if (byPlugin.get(name)?.store !== undefined) throw inUse(option, name);
  throw new StartError(
    `${option} must be sqlite, lowdb, or a plugin of ${config.file} that brings a store, found "${name}"`,
  );
}

function inUse(option: string, name: string): StartError {
  return new StartError(`${option} ${name}: a hub is at work there; stop it first`);
}
