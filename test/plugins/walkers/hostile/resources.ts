/** Attempts to use up the machine. */
import type { HostileCase } from './case.ts';

const OUT_OF_MEMORY = ['memory', 'timeout'] as const;
const STOPPED = ['timeout', 'memory'] as const;

export const RESOURCES: readonly HostileCase[] = [
  { name: 'an endless loop', body: `for (;;);`, ends: 'timeout', says: /ran for more than|took longer/ },
  {
    name: 'an endless loop that catches everything',
    body: `for (;;) { try { for (;;); } catch {} finally { for (;;); } }`,
    ends: 'timeout',
  },
  {
    name: 'an endless generator',
    body: `function* g() { for (;;) yield 1; } for (const x of g()); `,
    ends: 'timeout',
  },
  {
    name: 'an endless iterator given to the library',
    body: `w.visit({ *[Symbol.iterator]() { for (;;) yield here; } })`,
    ends: 'error',
    says: /takes a node/,
  },
  {
    name: 'a catastrophic regular expression',
    body: `/^(a+)+$/.test('a'.repeat(40) + '!')`,
    ends: 'timeout',
  },
  {
    name: 'a catastrophic replacement',
    body: `'x'.repeat(100_000).replace(/(x+x+)+y/, '')`,
    ends: ['timeout', 'error'],
  },
  { name: 'endless recursion', body: `const f = () => f() + 1; f()`, ends: 'error', says: /call stack/ },
  {
    name: 'endless recursion through a getter and JSON',
    body: `const o = { get x() { return o.toJSON() }, toJSON() { return { x: JSON.stringify(o) } } }; w.report(o)`,
    ends: ['error', 'timeout'],
  },
  {
    name: 'endless recursion by spawn',
    top: `export const again = walker().entry(Root, (w, here) => { spawn(again(), here); });`,
    body: `spawn(again(), here)`,
    ends: 'error',
    says: /call stack/,
  },
  { name: 'endless visits', body: `for (;;) w.visit(here)`, ends: STOPPED },
  { name: 'visits that queue more visits', body: `w.visit([here, here])`, ends: STOPPED },
  {
    name: 'a sort that never ends',
    body: `const a = Array.from({ length: 1e5 }, Math.random); for (;;) a.sort(() => Math.random() - 0.5)`,
    ends: 'timeout',
  },
  {
    name: 'a proxy that never answers',
    body: `JSON.stringify(new Proxy({}, { ownKeys() { for (;;); } }))`,
    ends: 'timeout',
  },
  {
    name: 'toJSON of a report that never ends',
    body: `w.report({ toJSON() { for (;;); } })`,
    ends: 'timeout',
  },
  {
    name: 'a getter of a field that never ends',
    top: `const A = node('A', { v: Type.Any() });`,
    body: `const a = A({ v: 1 }); here.connect(a); Object.defineProperty(a, 'v', { enumerable: true, get() { for (;;); } })`,
    ends: 'timeout',
  },
  {
    name: 'a thrown error whose message never ends',
    body: `throw Object.defineProperty(new Error(), 'message', { get() { for (;;); } })`,
    ends: 'timeout',
  },
  { name: 'giant numbers', body: `let b = 3n; for (;;) b = b * b`, ends: ['error', 'timeout', 'memory'] },
  {
    name: 'a giant factorial to text',
    body: `(7n ** 4000000n).toString()`,
    ends: ['timeout', 'memory', 'error'],
  },
  // The four that were seen to end the process they run in.
  {
    name: 'arrays of doubles for ever',
    body: `const a = []; for (;;) a.push(new Array(1000).fill(1.5))`,
    ends: OUT_OF_MEMORY,
  },
  { name: 'one giant array', body: `new Array(1e8).fill(1)`, ends: OUT_OF_MEMORY },
  {
    name: 'an object that grows keys for ever',
    body: `const o = {}; for (let i = 0; ; i++) o['k' + i] = i`,
    ends: OUT_OF_MEMORY,
  },
  {
    name: 'a giant string split into characters',
    body: `'a'.repeat(2 ** 28).split('')`,
    ends: OUT_OF_MEMORY,
  },
  {
    name: 'a map that grows for ever',
    body: `const m = new Map(); for (let i = 0; ; i++) m.set(i, {})`,
    ends: OUT_OF_MEMORY,
  },
  { name: 'nested arrays for ever', body: `let a = []; for (;;) a = [a, a.slice()]`, ends: OUT_OF_MEMORY },
  {
    name: 'closures for ever',
    body: `const a = []; for (let i = 0; ; i++) a.push(() => i)`,
    ends: OUT_OF_MEMORY,
  },
  {
    name: 'buffers for ever',
    body: `const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))`,
    ends: 'memory',
  },
  {
    name: 'a buffer that grows',
    body: `const b = new ArrayBuffer(1, { maxByteLength: 2 ** 31 }); b.resize(2 ** 31); new Uint8Array(b).fill(1)`,
    ends: 'memory',
  },
  { name: 'a string that doubles', body: `let s = 'ab'; for (;;) s += s`, ends: ['error', ...OUT_OF_MEMORY] },
  {
    name: 'a giant string made flat',
    body: `const a = []; for (;;) { const s = 'ab'.repeat(2 ** 22) + a.length; a.push(s, s.charCodeAt(7), /z/.test(s)); }`,
    ends: OUT_OF_MEMORY,
  },
  {
    name: 'a giant report',
    body: `w.report('x'.repeat(300_000))`,
    ends: 'limit',
    says: /reports of more than/,
  },
  {
    name: 'a giant list in JSON',
    body: `JSON.stringify(new Array(2 ** 27))`,
    ends: ['error', ...OUT_OF_MEMORY],
  },
  {
    name: 'a list with a giant length reported',
    body: `const a = []; a.length = 2 ** 32 - 1; w.report(a)`,
    ends: ['error', ...OUT_OF_MEMORY],
  },
  {
    name: 'formats for ever',
    body: `const a = []; for (;;) a.push(new Intl.DateTimeFormat('de'))`,
    ends: OUT_OF_MEMORY,
  },
  {
    name: 'a collator that compares giants',
    body: `const s = 'ä'.repeat(1e6); for (;;) s.localeCompare(s + 'x')`,
    ends: OUT_OF_MEMORY,
  },
  {
    name: 'dates for ever',
    body: `for (let i = 0; ; i++) new Date(i * 1e6).toLocaleString('ar-EG', { timeZone: 'Asia/Kolkata' })`,
    ends: STOPPED,
  },
  {
    name: 'a giant normalization',
    body: `for (;;) '\\u0958'.repeat(1e6).normalize('NFD')`,
    ends: OUT_OF_MEMORY,
  },
  { name: 'reports without end', body: `for (;;) w.report(1)`, ends: 'limit', says: /reports/ },
  {
    name: 'reports without end that catches the limit',
    body: `for (let i = 0; i < 1000; i++) { try { w.report(1) } catch {} }`,
    ends: 'limit',
    says: /reports/,
  },
  {
    name: 'notifications without end',
    body: `for (;;) socket.notify_self(1)`,
    ends: 'limit',
    says: /notifications/,
  },
  {
    name: 'notifications that catch the limit',
    body: `for (let i = 0; i < 1000; i++) { try { socket.notify_self(1) } catch {} }`,
    ends: 'limit',
    says: /notifications/,
  },
  {
    name: 'a giant notification',
    body: `socket.notify_channels(['c'], 'x'.repeat(300_000))`,
    ends: 'limit',
    says: /notifications of more/,
  },
  {
    name: 'topics without end',
    body: `for (;;) topics.publish('t', 1)`,
    ends: 'limit',
    says: /notifications/,
  },
  { name: 'log lines without end', body: `for (;;) console.log('x')`, ends: 'limit', says: /lines of log/ },
  {
    name: 'log lines that catch the limit',
    body: `for (let i = 0; i < 1000; i++) { try { console.log('x') } catch {} }`,
    ends: 'limit',
    says: /lines of log/,
  },
  {
    name: 'a walker that logs something giant',
    body: `console.log('x'.repeat(1e6)); w.report('logged')`,
    ends: { reports: ['logged'] },
  },
  {
    name: 'nodes without end',
    top: `const A = node('A');`,
    body: `for (;;) A()`,
    ends: 'limit',
    says: /changes of the graph/,
  },
  {
    name: 'edges without end',
    body: `for (;;) here.connect(here)`,
    ends: 'limit',
    says: /changes of the graph/,
  },
  {
    name: 'a giant field',
    top: `const A = node('A', { v: Type.Any() });`,
    body: `here.connect(A({ v: 'x'.repeat(300_000) }))`,
    ends: 'limit',
    says: /changes of the graph of more than/,
  },
  {
    name: 'reads without end',
    body: `for (let i = 0; ; i++) ref('n:A:' + String(i).padStart(24, '0'))`,
    ends: 'limit',
    says: /read/,
  },
  { name: 'a response of giants', body: `w.respond('x'.repeat(300_000))`, ends: 'limit', says: /response/ },
];
