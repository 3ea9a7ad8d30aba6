/** A client cannot tell on which hub another one is. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, [
  'access',
  'history',
  'hostile',
  'limits',
  'order',
  'presence',
  'rest',
  'rooms',
  'sessions',
  'topics',
]);
