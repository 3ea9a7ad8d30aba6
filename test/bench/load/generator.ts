/** The process that makes the load: takes one job after the other from the harness. */
import { chatWire, jsonWire, socketIoWire, topicsWire, type Wire, walkerWire } from '../wire.ts';
import { loadChat } from './chat.ts';
import { type Client, openAll } from './client.ts';
import { loadFanout } from './fanout.ts';
import { loadGrid } from './grid.ts';
import { loadHttp } from './http.ts';
import type { Job, Outcome, Sample, Target } from './job.ts';
import { loadLatency } from './latency.ts';
import { loadMessages } from './message.ts';
import { sendDay } from './season.ts';
import { loadTelemetry } from './telemetry.ts';

let held: Client[] = [];

async function run(job: Job): Promise<Sample> {
  switch (job.do) {
    case 'hold':
      held = await openAll(job.count, job.target.port, wireOf(job.target));
      return { value: held.length, detail: {} };
    case 'release': {
      const open = held.filter((client) => client.failure === undefined).length;
      for (const client of held) client.close();
      held = [];
      return { value: open, detail: {} };
    }
    case 'day':
      return sendDay(job.day, job.target);
    case 'load':
      return runLoad(job);
  }
}

function runLoad({ load, target, timing }: Job & { do: 'load' }): Promise<Sample> {
  switch (load.kind) {
    case 'message':
      return loadMessages(load, target, wireOf(target), timing);
    case 'latency':
      return loadLatency(load, target, wireOf(target), timing);
    case 'fanout':
      return loadFanout(load, target, wireOf(target), timing);
    case 'chat':
      return loadChat(load, target, wireOf(target), timing);
    case 'http':
      return loadHttp(load, target, timing);
    case 'telemetry':
      return loadTelemetry(load, target, timing);
    case 'grid':
      return loadGrid(load, target, wireOf(target), timing);
  }
}

function wireOf(target: Target): Wire {
  const wires = {
    json: jsonWire,
    chat: chatWire,
    topics: topicsWire,
    walker: walkerWire,
    'socket.io': () => socketIoWire,
  };
  return wires[target.protocol](target.path);
}

process.on('message', async (job: Job) => {
  const outcome: Outcome = await run(job).then(
    (sample) => ({ sample }),
    (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
  );
  process.send?.(outcome);
});
process.on('disconnect', () => process.exit());
