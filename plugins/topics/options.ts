/** The options of the plugin; every one has a default. */
import { type Static, Type } from '../../core/index.ts';
import { ClaimNames } from './sessions/claims.ts';

export const Options = Type.Object({
  claims: ClaimNames,
  subscribers: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: 'Subscribers within the hub at most, of all topics.',
  }),
  eventBytes: Type.Integer({
    default: 262_144,
    minimum: 1,
    description: 'Characters of an event as JSON at most.',
  }),
  history: Type.Integer({
    default: 1_000,
    minimum: 0,
    description:
      'Events kept for clients of `/topics` that come back, and for hubs of a cluster that miss some; 0: none.',
  }),
  historyBytes: Type.Integer({
    default: 8_388_608,
    minimum: 0,
    description: 'Characters of them at most.',
  }),
  sessionKeys: Type.Integer({
    default: 1_000,
    minimum: 1,
    description:
      'Index keys of a session at most (user, roles, workspaces and their roots); of more, the first count.',
  }),
  subscriptions: Type.Integer({
    default: 2_000,
    minimum: 1,
    description: 'Topics a connection of `/topics` subscribed to, times its index keys, at most.',
  }),
  collected: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: 'Events at most that wait to be sent as one; at that number the oldest goes early.',
  }),
  nodeEventsPerSecond: Type.Integer({
    default: 30,
    minimum: 1,
    description: 'Node events a second that a session gets.',
  }),
  nodeEventsBurst: Type.Integer({ default: 20, minimum: 1, description: 'Node events at once.' }),
  nodeEventsWaiting: Type.Integer({
    default: 100,
    minimum: 0,
    description: 'Node events that wait for their turn; at that number the oldest is dropped.',
  }),
  bodyBytes: Type.Integer({
    default: 1_048_576,
    minimum: 1,
    description: 'Longest body of `POST /topics/<name>`.',
  }),
  batchEvents: Type.Integer({
    default: 1_000,
    minimum: 1,
    description: 'Events of one `POST /topics/<name>` at most.',
  }),
  idempotencyKeys: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: 'Idempotency keys remembered; of more, the oldest are forgotten.',
  }),
});
export type Options = Static<typeof Options>;
