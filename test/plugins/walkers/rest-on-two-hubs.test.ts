/** Requests of one user may go to whichever hub. */
import { againOnTwoHubs } from '../../helpers/two-hubs.ts';

await againOnTwoHubs(import.meta.url, ['wire-rest', 'wire-files', 'wire-stored', 'wire-webhooks']);
