import { type Static, Type } from '../../core/index.ts';

export const Options = Type.Object({
  url: Type.String({
    default: 'redis://127.0.0.1:6379',
    pattern: '^rediss?://',
    // It may hold a password: messages do not quote what is marked so.
    writeOnly: true,
    description: 'Where Redis is: `redis://user:password@host:port/database`, `rediss://` for TLS.',
  }),
  cluster: Type.Boolean({
    default: false,
    description: 'Whether `url` is one server of a Redis Cluster; the others are found from it.',
  }),
  sentinels: Type.Array(Type.String({ pattern: '^rediss?://', writeOnly: true }), {
    default: [],
    maxItems: 100,
    description:
      'Where sentinels are, which name the server: URLs like `url`, of which only user, password, database and TLS hold then.',
  }),
  master: Type.String({
    default: 'mymaster',
    pattern: '^[\\w.-]{1,64}$',
    description: 'What the sentinels call the server.',
  }),
  replicas: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 100,
    description:
      'Replicas that must have what is written before the store acknowledges it, within half of `silenceMs`; see below.',
  }),
  prefix: Type.String({
    default: 'wayhub',
    pattern: '^[\\w.-]{1,64}$',
    description: 'Begins all keys and channels: installations that share a Redis have different ones.',
  }),
  store: Type.Boolean({
    default: true,
    description:
      'Whether data is kept in Redis too; else each hub has the store that `store` of the configuration says.',
  }),
  silenceMs: Type.Integer({
    default: 5_000,
    minimum: 50,
    maximum: 600_000,
    description:
      'A Redis that leaves the hub without an answer for so long is away, and is connected to anew.',
  }),
  waitMs: Type.Integer({
    default: 2_000,
    minimum: 0,
    maximum: 600_000,
    description:
      'How long a call of the store waits for a Redis that is away, before it fails with `store_unavailable`, and what is published over HTTP, before it fails with `cut_off`; 0: not at all.',
  }),
  waiting: Type.Integer({
    default: 10_000,
    minimum: 0,
    description: 'Calls of the store that may wait so at a time; further ones fail at once.',
  }),
  queueBytes: Type.Integer({
    default: 8_388_608,
    minimum: 0,
    description:
      'Bytes of notifications to other hubs that may wait for a Redis that is away or slow; the oldest are dropped beyond.',
  }),
});
export type Options = Static<typeof Options>;
