/** What plugins and walkers tell is told alike, whichever hub they are on. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, ['producers']);
