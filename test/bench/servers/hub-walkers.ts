/** The hub with walkers. */
import { startWalkersHub } from './walkers-hub.ts';

await startWalkersHub();
