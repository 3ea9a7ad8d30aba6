/** The store in Redis. A write is as durable as Redis makes it: README.md says what that takes. */
import type { Store } from '../../core/index.ts';
import { blobGroups } from './blobs.ts';
import { contentsOf } from './contents.ts';
import { collections } from './documents.ts';
import { Engine, type WaitOptions } from './engine.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import { logs } from './logs.ts';

/** @param link is open; the store closes it. */
export function redisStore(link: Link, keys: Keys, options: WaitOptions): Store {
  const engine = new Engine(link, options);
  let closing: Promise<void> | undefined;
  return {
    isShared: true,
    collection: collections(engine, (name) => keys.collection(name)),
    log: logs(engine, (name, key) => keys.log(name, key)),
    blobs: blobGroups(engine, (name) => keys.blobs(name)),
    contents: contentsOf(engine, link, keys),
    close: () => {
      closing ??= engine.stop();
      return closing;
    },
  };
}
