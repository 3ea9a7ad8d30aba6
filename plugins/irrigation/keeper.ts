/** Which of the hubs that share the store looks after the field: after what is due, whatever hub it concerns. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Hub } from '../../core/index.ts';

/** Until the store is asked again, in ms. */
const RETRY = 1_000;

/**
 * @param look brings what this hub knows up to the store. It is done before the hub takes over.
 * @returns whether it is this hub. One that is alone always is.
 */
export function keeperOf(hub: Hub, look: () => Promise<void>): () => boolean {
  if (!hub.store.isShared) return () => true;
  const lease = hub.lease('field');
  let fence: number | undefined;
  lease.onHeld(async (term) => {
    while (!term.signal.aborted) {
      try {
        await look();
        fence = term.fence;
        return;
      } catch (error) {
        hub.log.warn({ err: error }, 'the field cannot be looked after yet: trying again');
      }
      await wait(RETRY, undefined, { ref: false });
    }
  });
  // A hub that was paused may have lost the lease without knowing yet: `lease.fence` looks at the clock.
  return () => lease.fence !== undefined && lease.fence === fence;
}
