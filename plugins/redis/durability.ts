/** Whether Redis keeps what it acknowledged: it says so itself, and the operator is told when it does not. */
import type { Log } from '../../core/index.ts';
import type { Link } from './link.ts';

/** Settings under which acknowledged writes are lost, and what then happens. */
const RISKS: readonly (readonly [pattern: RegExp, risk: string])[] = [
  [
    /^aof_enabled:0/m,
    'Redis keeps its data in memory alone (appendonly is off): acknowledged writes are lost when it ends',
  ],
  [
    /^maxmemory_policy:(?!noeviction)/m,
    'Redis may throw data away when its memory is full: set maxmemory-policy to noeviction',
  ],
];

/** @param replicas how many must have a write. */
export async function warnOfLoss(link: Link, replicas: number, log: Log): Promise<void> {
  const info = `${await link.info('persistence')}\n${await link.info('memory')}`;
  for (const [pattern, risk] of RISKS) if (pattern.test(info)) log.warn(risk);
  const [, found = 0] = /^connected_slaves:(\d+)/m.exec(await link.info('replication')) ?? [];
  if (replicas === 0 && Number(found) > 0)
    log.warn(
      'Redis has replicas, but writes do not wait for them: when one takes over, the last acknowledged writes are lost (option replicas)',
    );
  if (replicas > Number(found))
    log.warn(
      `writes fail until Redis has as many replicas as they wait for: ${found} of ${replicas} are there`,
    );
}
