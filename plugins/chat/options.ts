/** The options of the plugin; every one has a default. */
import { type Static, Type } from '../../core/index.ts';
import { ClaimNames } from './sessions.ts';

export const Options = Type.Object({
  messageBytes: Type.Integer({
    default: 2_048,
    minimum: 256,
    maximum: 65_536,
    description: 'Longest message of a client, in bytes; tokens are sent in messages, too.',
  }),
  rooms: Type.Integer({ default: 10_000, minimum: 1, description: 'Rooms at most.' }),
  roomsPerUser: Type.Integer({
    default: 1_000,
    minimum: 1,
    description: 'Rooms at most that were made by the first JOIN of one user.',
  }),
  roomsPerSession: Type.Integer({
    default: 64,
    minimum: 1,
    description: 'Rooms a session may be in at a time.',
  }),
  usersPerRoom: Type.Integer({
    default: 500,
    minimum: 1,
    description: 'Users in a room at a time, each with any number of sessions.',
  }),
  history: Type.Integer({
    default: 1_000,
    minimum: 1,
    maximum: 10_000,
    description: 'Previous messages sent after a JOIN, and at most for one HISTORY; older ones are paged.',
  }),
  messagesPerRoom: Type.Integer({
    default: 100_000,
    minimum: 1,
    description: 'Messages kept of a room; the oldest go, up to 256 at a time.',
  }),
  silenceSeconds: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 86_400,
    description: 'A user from whom nothing came for so long leaves the room.',
  }),
  undecided: Type.Union([Type.Literal('denied'), Type.Literal('read-only'), Type.Literal('read-write')], {
    default: 'denied',
    description: 'Access to NODE and OBJECT rooms that no plugin decides about.',
  }),
  operatorScope: Type.String({
    default: 'chat:admin',
    description:
      'A token whose `scope` holds this may use the REST routes, as profile `admin` may; empty: none may.',
  }),
  claims: ClaimNames,
});
export type Options = Static<typeof Options>;
