/** A client cannot tell on which hub another one is. `paths` needs no hub, and `unseen` has two of its own. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, [
  'bad-input',
  'dump',
  'history',
  'interface',
  'modules',
  'options',
  'rest-read',
  'rest-write',
  'scenarios',
  'together',
]);
