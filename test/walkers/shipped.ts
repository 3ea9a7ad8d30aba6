/** A hub with the walkers that ship. */
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { TestHub } from '../helpers/hub.ts';
import { startWalkers } from '../plugins/walkers/wire.ts';

export { person, request, type Visitor, visit } from '../plugins/walkers/wire.ts';

export function startShipped(t: Test): Promise<TestHub> {
  return startWalkers(t, {}, { folder: fileURLToPath(new URL('../../walkers', import.meta.url)) });
}
