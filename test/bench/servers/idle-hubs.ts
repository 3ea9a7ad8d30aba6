/** Hubs with every plugin that nobody talks to. */
import type { UserConfig } from '../../../config/schema.ts';
import chat from '../../../plugins/chat/index.ts';
import cityio from '../../../plugins/cityio/index.ts';
import irrigation from '../../../plugins/irrigation/index.ts';
import topics from '../../../plugins/topics/index.ts';
import users from '../../../plugins/users/index.ts';
import walkers from '../../../plugins/walkers/index.ts';
import { IDLE_HUBS } from './cluster.ts';
import { benchHub, startBenchHub } from './hub-start.ts';

/** @param more what they have besides. */
export async function startIdleHubs(more: NonNullable<UserConfig['plugins']>): Promise<void> {
  const plugins = [cityio(), users(), topics(), chat(), irrigation(), walkers({ processes: 1 }), ...more];
  // One folder cannot hold the embedded data of several.
  const others = Array.from({ length: IDLE_HUBS - 1 }, () => benchHub(plugins, { store: 'memory' }));
  await Promise.all(others);
  await startBenchHub(plugins, { store: 'memory' });
}
