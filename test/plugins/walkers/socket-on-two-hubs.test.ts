/** A walker reaches users on whichever hub, and what triggers it may come from any. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, [
  'wire-socket',
  'wire-access',
  'wire-grants',
  'wire-rehearsal',
  'wire-switches',
  'wire-triggers',
]);
