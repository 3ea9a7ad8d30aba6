/** A hub of this process that can die and come back, as far as others see it: none of its calls get anywhere meanwhile. */
import type { Collection, LeaseTable, Store } from '../../../core/index.ts';
import type { TestOptions } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';

export interface Life {
  isDead: boolean;
  /** Leases it holds, as far as it knows. */
  readonly leases: Set<string>;
}

/** @returns what to start the hub with, and its life. */
export function mortal(
  store: Store,
  shared: LeaseTable,
): Life & { readonly parts: Pick<TestOptions, 'leases' | 'plugins'> } {
  const guarded =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (life.isDead) throw new Error('this hub is dead');
      const answer = await call(...args);
      // Done, but nobody is there to hear of it.
      if (life.isDead) throw new Error('this hub is dead');
      return answer;
    };
  const collection = <T>(name: string): Collection<T> => {
    const { get, put, update, delete: remove, ids, batch } = store.collection<T>(name);
    return {
      get: guarded(get),
      put: guarded(put),
      update: guarded(update),
      delete: guarded(remove),
      ids: guarded(ids),
      batch: guarded(batch),
    };
  };
  const claim = guarded(async (node: string, claims: Parameters<LeaseTable['claim']>[1]) => {
    const fences = await shared.claim(node, claims);
    life.leases.clear();
    for (const [i, { name }] of claims.entries()) if (fences[i] !== undefined) life.leases.add(name);
    return fences;
  });
  const leases = { termMs: shared.termMs, claim, release: guarded(shared.release.bind(shared)) };
  const brings = plugin('mortal', () => {}, { parts: () => ({ store: { ...store, collection } }) });
  const life = { isDead: false, leases: new Set<string>(), parts: { leases, plugins: [brings] } };
  return life;
}
