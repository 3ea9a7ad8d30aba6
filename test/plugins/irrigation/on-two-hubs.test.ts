/** Nobody can tell on which hub a controller or a dashboard is. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, ['access', 'commands', 'history', 'hostile', 'live', 'topics']);
