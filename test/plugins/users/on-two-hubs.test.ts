/** A user may register on one hub, log in on another and be known on both. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, ['tokens', 'routes', 'service']);
