/** A child process of the hub that runs walkers: one job at a time, from beginning to end. */
import { Worker } from 'node:worker_threads';
import { Jobs } from './jobs.ts';
import { LineReader, LineWriter } from './lines.ts';

/** Runs that are done in one call: what comes of them leaves when all have ended, after a few milliseconds at most. */
const MOST_TOGETHER = 16;
/** Milliseconds that a finished job's result waits at most for that of the next. */
const HOLD = 0.3;
/** It does nothing but wait. */
const WATCHDOG_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

new Worker(new URL('./watchdog.ts', import.meta.url), {
  resourceLimits: WATCHDOG_LIMITS,
  // Or Node would open this process' own pipes for it, and with that make them such that a write fails when they are full.
  stdout: true,
  stderr: true,
}).unref();

const reader = new LineReader();
const writer = new LineWriter();
/** Jobs and files that came while another job waited for an answer. */
const waiting: string[] = [];

const jobs = new Jobs(writer, (question) => {
  writer.add(question);
  writer.flush();
  for (;;) {
    const line = reader.next();
    if (line === undefined) process.exit(0);
    const parts = line.split('\t');
    if (parts[0] === 'answer') return parts[2] ?? '';
    waiting.push(line);
  }
});

function obey(line: string): void {
  const [command = '', first = '', second = '', third = ''] = line.split('\t', 4);
  const textAt = command.length + first.length + second.length + third.length + 4;
  switch (command) {
    case 'run':
      jobs.do({ jobs: [first], key: second, limits: third, texts: line.slice(textAt) });
      break;
    case 'quick':
      doTogether(first, second, third, line.slice(textAt));
      break;
    case 'list':
      jobs.do({ jobs: [first], key: second, limits: third, texts: undefined });
      break;
    case 'load':
      jobs.isolates.load(first, JSON.parse(second));
      break;
    case 'unload':
      jobs.isolates.unload(first);
      break;
    default:
      throw new Error(`no command ${command}`);
  }
}

/** With the quick runs of the same bundle and limits that have come behind it. */
function doTogether(job: string, key: string, limits: string, text: string): void {
  const together = [job];
  let texts = text;
  const start = /^quick\t(\d+)\t(\d+)\t\t/;
  while (together.length < MOST_TOGETHER && waiting.length === 0) {
    const next = start.exec(reader.peek() ?? '');
    if (next === null || next[2] !== key) break;
    reader.next();
    together.push(next[1] ?? '');
    texts += `\n${next.input.slice(next[0].length)}`;
  }
  jobs.do({ jobs: together, key, limits, texts });
}

writer.add('ready');
for (let flushed = performance.now(); ; ) {
  const idle = waiting.length === 0 && !reader.ready;
  if (idle || performance.now() - flushed > HOLD) {
    writer.flush();
    flushed = performance.now();
  }
  const line = waiting.shift() ?? reader.next();
  if (line === undefined) break;
  obey(line);
}
