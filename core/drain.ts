/** How the clients of a hub that stops are parted from it, so that they do not all knock elsewhere at once. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Connections } from './connections.ts';
import type { LiveConnection } from './live-connection.ts';

/** Between two groups that are sent to other hubs, in ms. */
const STEP = 50;
/** A hub that restarts is there again after so long, in ms. */
const RESTART = 1_000;

/**
 * Sends all connections to the other hubs of the cluster, evenly spread over `ms`. Until its turn comes, each works as
 * before; then what it asked for is finished. Those that do not come to an end stay.
 */
export async function sendAway(connections: Connections, ms: number): Promise<void> {
  const end = performance.now() + ms;
  // It passes over those that have gone by themselves.
  const all = connections[Symbol.iterator]();
  let left = connections.size;
  /** Whose turn it is; a fraction waits for the next step. */
  let due = 0;
  while (connections.size > 0) {
    const steps = Math.max(1, Math.ceil((end - performance.now()) / STEP));
    due = steps === 1 ? Number.POSITIVE_INFINITY : due + Math.min(left, connections.size) / steps;
    for (; due >= 1; due--) {
      const { done, value: connection } = all.next();
      if (done) return;
      left--;
      void sendOneAway(connection);
    }
    await wait(STEP);
  }
}

async function sendOneAway(connection: LiveConnection): Promise<void> {
  await connection.mailbox?.whenIdle();
  // Those that are sent away together come to the next hub within the time until the next ones do.
  connection.closeFor('restarting', Math.floor(Math.random() * STEP));
}

/** Closes all connections. Their clients are told times that are spread over `ms`, from when the hub may be there again. */
export function closeAll(connections: Connections, ms: number): void {
  for (const connection of [...connections]) {
    connection.closeFor('restarting', RESTART + Math.floor(Math.random() * ms));
  }
}
