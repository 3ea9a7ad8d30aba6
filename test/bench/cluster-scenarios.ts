/** The scenarios of hubs on one Redis, which must be there; see scenarios.ts. */
import { addedTime, channelCost, idleTime, underLoadWithRedis } from './cluster-measures.ts';
import { MESSAGE_BYTES, type Scenario } from './scenario.ts';

const HUB_PAIR = new URL('./servers/hub-pair.ts', import.meta.url);
const UWS_REDIS = new URL('./servers/uws-redis.ts', import.meta.url);
const contenders = [
  { name: 'hub', server: HUB_PAIR },
  { name: 'uws-redis', server: UWS_REDIS },
];
const CHANNELS = 100_000;

export const clusterScenarios: readonly Scenario[] = [
  {
    name: 'cluster-fanout',
    title: 'deliveries to 1,000 subscribers on another hub than the publisher, over Redis',
    unit: '/s',
    measure: underLoadWithRedis(
      { kind: 'fanout', subscribers: 1000, bytes: MESSAGE_BYTES },
      { subscribers: 100 },
    ),
    baseline: 'uws-redis',
    contenders,
    targets: [{ contender: 'hub', of: 'uws-redis', atLeast: 0.7 }],
  },
  {
    name: 'cluster-latency',
    title: 'what an answer over Redis takes longer than one of the same hub, at 500/s',
    unit: 'µs',
    measure: addedTime({
      kind: 'latency',
      connections: 10,
      bytes: MESSAGE_BYTES,
      rate: 500,
      percentile: 0.5,
    }),
    baseline: 'uws-redis',
    contenders,
    targets: [{ contender: 'hub', of: 'uws-redis', atMost: 1.5 }],
  },
  {
    name: 'cluster-join',
    title: `time until a channel is in force that gets its first member, ${CHANNELS} of them`,
    unit: 'µs',
    measure: channelCost('time', CHANNELS),
    baseline: 'uws-redis',
    contenders,
    targets: [],
  },
  {
    name: 'cluster-channels',
    title: `resident memory of the server for each of ${CHANNELS} channels`,
    unit: 'B',
    measure: channelCost('memory', CHANNELS),
    baseline: 'uws-redis',
    contenders,
    targets: [],
  },
  {
    name: 'cluster-idle',
    title: 'processor time of a hub with every plugin in a second in which nothing happens',
    unit: 'µs',
    measure: idleTime(10),
    baseline: 'alone',
    contenders: [
      { name: 'cluster', server: new URL('./servers/hubs-idle.ts', import.meta.url) },
      { name: 'alone', server: new URL('./servers/hubs-alone.ts', import.meta.url) },
    ],
    targets: [],
  },
];
