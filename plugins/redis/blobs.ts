/** Blobs: a hash of bytes by their hashes, with a sorted set of these. */
import { type Blobs, hashOf, storeRules } from '../../core/index.ts';
import { change, fieldsOf, type HashKeys } from './documents.ts';
import type { Engine } from './engine.ts';
import { ADD } from './scripts.ts';

export function blobGroups(engine: Engine, keysOf: (name: string) => HashKeys): (name: string) => Blobs {
  return (name) => {
    storeRules.checkName(name);
    const keys = keysOf(name);
    return {
      async put(content, hash = hashOf(content)) {
        storeRules.checkHash(hash);
        // A copy: the caller may change the bytes before they leave.
        const bytes = Buffer.from(content);
        await engine.call(() => engine.write(keys[0], 'EVAL', ADD, '2', ...keys, hash, bytes));
        return hash;
      },
      async get(hash) {
        const bytes = await engine.call(() => engine.sendForBytes(keys[0], 'HGET', keys[0], hash));
        return bytes instanceof Uint8Array ? new Uint8Array(bytes) : undefined;
      },
      async has(hash) {
        return (await engine.call(() => engine.send(keys[0], 'HEXISTS', keys[0], hash))) === 1;
      },
      async delete(hashes) {
        return engine.call(() => change(engine, keys, [], hashes));
      },
      async ids(range) {
        return engine.call(() => fieldsOf(engine, keys, range));
      },
    };
  };
}
