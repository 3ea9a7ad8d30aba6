/** The scenarios of plugins; see scenarios.ts. */
import { answerTime, processorTime, underLoad } from './measures.ts';
import { CONNECTIONS, MESSAGE_BYTES, type Scenario, SOCKETIO, UWS } from './scenario.ts';
import { seasonMemory } from './season.ts';
import { apart, coldStart, visitTime } from './walkers.ts';

const HUB_CITYIO = new URL('./servers/hub-cityio.ts', import.meta.url);
const HUB_IRRIGATION = new URL('./servers/hub-irrigation.ts', import.meta.url);
const HUB_STREAM = new URL('./servers/hub-stream.ts', import.meta.url);
const HUB_SEASON = new URL('./servers/hub-season.ts', import.meta.url);
const UWS_TELEMETRY = new URL('./servers/uws-telemetry.ts', import.meta.url);
const HUB_WALKERS = new URL('./servers/hub-walkers.ts', import.meta.url);
const UWS_CHILD = new URL('./servers/uws-child.ts', import.meta.url);
const HUB_TOPICS = new URL('./servers/hub-topics.ts', import.meta.url);
const UWS_GRID = new URL('./servers/uws-grid.ts', import.meta.url);
const HUB_CHAT = new URL('./servers/hub-chat.ts', import.meta.url);
const UWS_CHAT = new URL('./servers/uws-chat.ts', import.meta.url);
const SOCKETIO_CHAT = new URL('./servers/socketio-chat.ts', import.meta.url);
/** As many as a process may hold where it may have 20,000 files open. */
const SESSIONS = 19_900;
/** Rows and columns. */
const GRID_SIDE = 100;

export const pluginScenarios: readonly Scenario[] = [
  {
    name: 'chat',
    title: 'posts of one member to a room of 100; the hub stores each before it is sent',
    unit: '/s',
    measure: underLoad({ kind: 'chat', members: 100, bytes: 200 }, { members: 10 }),
    baseline: 'uws-publish',
    contenders: [
      { name: 'hub', server: HUB_CHAT, path: '/chat', protocol: 'chat' },
      { name: 'uws-publish', server: UWS_CHAT, path: '/chat', protocol: 'chat' },
      { name: 'socketio', server: SOCKETIO_CHAT, protocol: 'socket.io' },
    ],
    targets: [
      { contender: 'hub', of: 'uws-publish', atLeast: 0.7 },
      { contender: 'hub', of: 'socketio', atLeast: 5 },
    ],
  },
  {
    name: 'topics-all',
    title: 'deliveries of events of a topic to all of 1,000 sessions, each another user',
    unit: '/s',
    measure: underLoad({ kind: 'fanout', subscribers: 1000, bytes: MESSAGE_BYTES }, { subscribers: 100 }),
    baseline: 'uws-publish',
    contenders: [
      { name: 'hub', server: HUB_TOPICS, path: '/all', protocol: 'topics' },
      { name: 'uws-publish', server: UWS },
      { name: 'socketio', server: SOCKETIO, protocol: 'socket.io' },
    ],
    targets: [
      { contender: 'hub', of: 'uws-publish', atLeast: 0.8 },
      { contender: 'hub', of: 'socketio', atLeast: 5 },
    ],
  },
  {
    name: 'topics-one',
    title: `events of a topic for one session of 100, and of ${SESSIONS}`,
    unit: '/s',
    measure: underLoad({ kind: 'fanout', subscribers: 1, bytes: MESSAGE_BYTES, others: 0 }, { others: 200 }),
    baseline: 'hub-few',
    contenders: [
      { name: 'hub-few', server: HUB_TOPICS, path: '/one', protocol: 'topics', others: 99 },
      { name: 'hub-many', server: HUB_TOPICS, path: '/one', protocol: 'topics', others: SESSIONS - 1 },
    ],
    targets: [{ contender: 'hub-many', of: 'hub-few', atLeast: 0.5 }],
  },
  {
    name: 'hashes',
    title: 'GET of the hash that modules poll, beside the plain 2 KB route of the same process',
    unit: '/s',
    measure: underLoad({ kind: 'http', method: 'GET', connections: 50 }),
    baseline: 'hub-document',
    contenders: [
      { name: 'hub-document', server: HUB_CITYIO, path: '/document' },
      { name: 'hub-hashes', server: HUB_CITYIO, path: '/api/table/kendall/meta/hashes/GEOGRIDDATA' },
    ],
    targets: [{ contender: 'hub-hashes', of: 'hub-document', atLeast: 1.5 }],
  },
  {
    name: 'grid',
    title: `one UPDATE_GRID of ${GRID_SIDE}×${GRID_SIDE} cells to 100 UIs`,
    unit: 'ms',
    measure: underLoad({ kind: 'grid', connections: 100, side: GRID_SIDE }, { connections: 10, side: 20 }),
    baseline: 'uws-grid',
    contenders: [
      { name: 'hub', server: HUB_CITYIO, path: '/interface' },
      { name: 'uws-grid', server: UWS_GRID, path: '/interface' },
    ],
    targets: [{ contender: 'hub', of: 'uws-grid', atMost: 1.5 }],
  },
  {
    name: 'telemetry',
    title: 'readings of 20 controllers, stored and sent to 10 dashboards; the baseline stores nothing',
    unit: '/s',
    measure: underLoad({ kind: 'telemetry', controllers: 20, inFlight: 60, dashboards: 10 }),
    baseline: 'uws-telemetry',
    contenders: [
      { name: 'hub', server: HUB_IRRIGATION },
      { name: 'uws-telemetry', server: UWS_TELEMETRY },
    ],
    targets: [{ contender: 'hub', of: 'uws-telemetry', atLeast: 0.5 }],
  },
  {
    name: 'season',
    title: 'the days of a season of one sensor, among 2.6 million rows',
    unit: 'ms',
    measure: answerTime,
    baseline: 'scan',
    contenders: [
      { name: 'rollups', server: HUB_SEASON, path: '/rollups' },
      { name: 'scan', server: HUB_SEASON, path: '/scan' },
    ],
    targets: [{ contender: 'rollups', of: 'scan', atMost: 0.05 }],
  },
  {
    name: 'stream',
    title: 'resident memory while a season of 2.6 million readings comes in, after a tenth of it and later',
    unit: 'B',
    measure: seasonMemory(),
    rounds: 2,
    baseline: 'tenth',
    contenders: [
      { name: 'tenth', server: HUB_STREAM },
      { name: 'middle', server: HUB_STREAM },
      { name: 'end', server: HUB_STREAM },
      { name: 'highest', server: HUB_STREAM },
    ],
    targets: [{ contender: 'highest', of: 'tenth', atMost: 1.2 }],
  },
  {
    name: 'walker',
    title: 'walker events with response, 64 connections × 8 in flight',
    unit: '/s',
    measure: underLoad({ kind: 'message', connections: 64, inFlight: 8, bytes: MESSAGE_BYTES }),
    baseline: 'uws-child',
    contenders: [
      { name: 'hub', server: HUB_WALKERS, path: '/websocket', protocol: 'walker' },
      { name: 'uws-child', server: UWS_CHILD, path: '/websocket', protocol: 'walker' },
    ],
    targets: [{ contender: 'hub', of: 'uws-child', atLeast: 0.5 }],
  },
  {
    name: 'walker-hub',
    title:
      'time of the hub’s own process for a walker event, beside a typed echo, 64 connections × 1 in flight',
    unit: 'µs',
    measure: processorTime({ kind: 'message', connections: 64, inFlight: 1, bytes: MESSAGE_BYTES }),
    baseline: 'echo',
    contenders: [
      { name: 'walker', server: HUB_WALKERS, path: '/websocket', protocol: 'walker' },
      { name: 'echo', server: HUB_WALKERS },
    ],
    targets: [{ contender: 'walker', of: 'echo', atMost: 2 }],
  },
  {
    name: 'walker-busy',
    title:
      'p99 of the round trip of a typed echo, 2,000/s, beside walkers that loop for ever on another core',
    unit: 'µs',
    measure: apart(
      underLoad({
        kind: 'latency',
        connections: CONNECTIONS,
        bytes: MESSAGE_BYTES,
        rate: 2000,
        percentile: 0.99,
        yields: true,
      }),
    ),
    baseline: 'quiet',
    contenders: [
      { name: 'busy', server: HUB_WALKERS, path: '/busy' },
      { name: 'quiet', server: HUB_WALKERS },
    ],
    targets: [{ contender: 'busy', of: 'quiet', atMost: 2 }],
  },
  {
    name: 'walker-visit',
    title: 'a visit over 1,000 stored nodes, per node, called over HTTP',
    unit: 'µs',
    measure: visitTime(1_000),
    baseline: 'hub',
    contenders: [{ name: 'hub', server: HUB_WALKERS }],
    targets: [],
  },
  {
    name: 'walker-cold',
    title: 'from the save of a new walker file to its first answer',
    unit: 'ms',
    measure: coldStart,
    baseline: 'hub',
    contenders: [{ name: 'hub', server: HUB_WALKERS }],
    targets: [],
  },
];
