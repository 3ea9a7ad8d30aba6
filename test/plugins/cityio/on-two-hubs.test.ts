/** A client cannot tell on which hub another one is. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, [
  'history',
  'interface',
  'modules',
  'rest-read',
  'rest-write',
  'scenarios',
  'together',
]);
