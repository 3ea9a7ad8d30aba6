/** Leases: a hash with the holder of each, its fence, and the end of its term by the clock of Redis. */
import type { LeaseTable } from '../../core/index.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import { CLAIM, RELEASE } from './scripts.ts';

export function redisLeases(link: Link, { leases }: Keys, termMs: number): LeaseTable {
  return {
    termMs,
    async claim(node, claims) {
      const asked = claims.flatMap(({ name, fence = '' }) => [name, `${fence}`]);
      const answer = await link.send(leases, ['EVAL', CLAIM, '1', leases, node, `${termMs}`, ...asked]);
      const fences: unknown[] = Array.isArray(answer) ? answer : [];
      return fences.map((fence) => Number(fence) || undefined);
    },
    async release(node, names) {
      await link.send(leases, ['EVAL', RELEASE, '1', leases, node, ...names]);
    },
  };
}
