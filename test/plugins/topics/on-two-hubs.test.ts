/** A client cannot tell on which hub an event was published. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, [
  'cells-flatten',
  'cells-limits',
  'cells-nodes',
  'cells-people',
  'cells-session',
  'endpoint',
  'hostile',
  'publish-http',
  'service',
]);
