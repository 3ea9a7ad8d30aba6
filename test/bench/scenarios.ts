/**
 * What is compared with what, and what the hub has to reach.
 *
 * To add a contender: write a server under `servers/` that calls `announce(port)` when it listens (servers/serve.ts),
 * speaks the messages of wire.ts, and name it in the scenario's list. Contenders that name the same file share one
 * process. The targets are there already: a target whose contender is not in the list is shown as not measured.
 */

import { clusterScenarios } from './cluster-scenarios.ts';
import { type Contender, idleMemory, startTime, underLoad } from './measures.ts';
import { pluginScenarios } from './plugin-scenarios.ts';
import { CONNECTIONS, MESSAGE_BYTES, type Scenario, SOCKETIO, UWS } from './scenario.ts';

const CLI = new URL('../../core/cli.ts', import.meta.url);
const HUB = new URL('./servers/hub.ts', import.meta.url);
const WS = new URL('./servers/ws.ts', import.meta.url);
const FASTIFY = new URL('./servers/fastify.ts', import.meta.url);

const TYPED: readonly Contender[] = [
  { name: 'hub', server: HUB },
  { name: 'uws-typed', server: UWS },
  { name: 'ws-typed', server: WS },
  { name: 'socketio', server: SOCKETIO, protocol: 'socket.io' },
];
const DOCUMENT: readonly Contender[] = [
  { name: 'hub', server: HUB, path: '/document' },
  { name: 'fastify', server: FASTIFY, path: '/document' },
  { name: 'uws', server: UWS, path: '/document' },
];

const coreScenarios: readonly Scenario[] = [
  {
    name: 'message',
    title: `typed echo of ${MESSAGE_BYTES} B, ${CONNECTIONS} connections × 8 in flight`,
    unit: '/s',
    measure: underLoad({ kind: 'message', connections: CONNECTIONS, inFlight: 8, bytes: MESSAGE_BYTES }),
    baseline: 'uws-typed',
    contenders: [{ name: 'uws-raw', server: UWS, path: '/raw' }, ...TYPED],
    targets: [
      { contender: 'hub', of: 'uws-typed', atLeast: 0.8 },
      { contender: 'hub', of: 'socketio', atLeast: 3 },
    ],
  },
  {
    name: 'latency',
    title: `p50 of the round trip of a typed echo, 2,000/s over ${CONNECTIONS} connections`,
    unit: 'µs',
    measure: underLoad({
      kind: 'latency',
      connections: CONNECTIONS,
      bytes: MESSAGE_BYTES,
      rate: 2000,
      percentile: 0.5,
    }),
    baseline: 'uws-typed',
    contenders: TYPED,
    targets: [{ contender: 'hub', of: 'uws-typed', atMost: 1.3 }],
  },
  {
    name: 'fanout',
    title: 'deliveries of one publisher to 1,000 subscribers',
    unit: '/s',
    measure: underLoad({ kind: 'fanout', subscribers: 1000, bytes: MESSAGE_BYTES }, { subscribers: 100 }),
    baseline: 'uws-publish',
    contenders: [
      { name: 'hub', server: HUB },
      { name: 'hub-filter', server: HUB, path: '/filter' },
      { name: 'uws-publish', server: UWS },
      { name: 'ws-loop', server: WS },
      { name: 'socketio', server: SOCKETIO, protocol: 'socket.io' },
    ],
    targets: [
      { contender: 'hub', of: 'uws-publish', atLeast: 0.9 },
      { contender: 'hub', of: 'socketio', atLeast: 8 },
      { contender: 'hub-filter', of: 'uws-publish', atLeast: 0.7 },
    ],
  },
  {
    name: 'http-get',
    title: 'GET of 2 KB JSON, 50 keep-alive connections',
    unit: '/s',
    measure: underLoad({ kind: 'http', method: 'GET', connections: 50 }),
    baseline: 'fastify',
    contenders: DOCUMENT,
    targets: [{ contender: 'hub', of: 'fastify', atLeast: 1.8 }],
  },
  {
    name: 'http-post',
    title: 'POST of 2 KB JSON, validated, 50 keep-alive connections',
    unit: '/s',
    measure: underLoad({ kind: 'http', method: 'POST', connections: 50 }),
    baseline: 'fastify',
    contenders: DOCUMENT,
    targets: [{ contender: 'hub', of: 'fastify', atLeast: 1.3 }],
  },
  {
    name: 'idle',
    title: 'resident memory of the server per idle connection, 10,000 held',
    unit: 'B',
    measure: idleMemory(10_000, 300),
    baseline: 'uws',
    contenders: [
      { name: 'hub', server: HUB },
      { name: 'uws', server: UWS },
      { name: 'ws', server: WS },
      { name: 'socketio', server: SOCKETIO, protocol: 'socket.io' },
    ],
    targets: [{ contender: 'hub', of: 'uws', plus: 1536 }],
  },
  {
    name: 'startup',
    title: 'from the start of the process to the first HTTP answer',
    unit: 'ms',
    measure: startTime,
    baseline: 'fastify',
    contenders: [
      { name: 'hub', server: CLI, arguments: ['start'], path: '/health/live' },
      { name: 'fastify', server: FASTIFY, path: '/document' },
    ],
    targets: [{ contender: 'hub', of: 'fastify', atMost: 2 }],
  },
];

export const scenarios = [...coreScenarios, ...pluginScenarios, ...clusterScenarios];
