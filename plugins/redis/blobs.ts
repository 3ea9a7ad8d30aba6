/** Blobs: a hash of bytes by their hashes, with a sorted set of these. */
import { type Blobs, hashOf, storeRules } from '../../core/index.ts';
import { fieldsOf } from './documents.ts';
import type { Engine } from './engine.ts';
import type { Keys } from './keys.ts';
import { ADD, DELETE, SET_FENCE } from './scripts.ts';

export function blobGroups(engine: Engine, keysOf: Keys['blobs']): (name: string) => Blobs {
  return (name) => {
    storeRules.checkName(name);
    const [contents, hashesKey, fenceKey] = keysOf(name);
    return {
      async put(content, hash = hashOf(content)) {
        storeRules.checkHash(hash);
        // A copy: the caller may change the bytes before they leave.
        const bytes = Buffer.from(content);
        await engine.call(() => engine.write(contents, 'EVAL', ADD, '2', contents, hashesKey, hash, bytes));
        return hash;
      },
      async get(hash) {
        const bytes = await engine.call(() => engine.sendForBytes(contents, 'HGET', contents, hash));
        return bytes instanceof Uint8Array ? new Uint8Array(bytes) : undefined;
      },
      async has(hash) {
        return (await engine.call(() => engine.send(contents, 'HEXISTS', contents, hash))) === 1;
      },
      async delete(hashes, fence = Number.MAX_SAFE_INTEGER) {
        storeRules.checkFence(fence);
        const keys = [contents, hashesKey, fenceKey];
        const args = ['EVAL', DELETE, '3', ...keys, `${fence}`, ...hashes] as const;
        return Number(await engine.call(() => engine.write(contents, ...args)));
      },
      async setFence(fence) {
        storeRules.checkFence(fence);
        await engine.call(() => engine.write(contents, 'EVAL', SET_FENCE, '1', fenceKey, `${fence}`));
      },
      async ids(range) {
        return engine.call(() => fieldsOf(engine, [contents, hashesKey], range));
      },
    };
  };
}
