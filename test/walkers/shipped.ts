/** A hub with the walkers that ship, which the tests of a file share. */
import { fileURLToPath } from 'node:url';
import { shared } from '../helpers/hub.ts';
import { startWalkers } from '../plugins/walkers/wire.ts';

export { person, request, type Visitor, visit } from '../plugins/walkers/wire.ts';

const FOLDER = fileURLToPath(new URL('../../walkers', import.meta.url));

export const shipped = shared(async (lasting) => ({
  hub: await startWalkers(lasting, {}, { folder: FOLDER }),
}));
