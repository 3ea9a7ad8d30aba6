/** Open loop: messages leave at fixed times, and the round trip counts from the time a message was due, unless the load yields. */
import type { Wire } from '../wire.ts';
import { openAll } from './client.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { checkEcho } from './message.ts';
import { closeAll, failureOf, measure } from './window.ts';

/** Answers that may be missing in the end; with more, the server did not keep up and its median says nothing. */
const MISSING_SHARE = 0.05;

export async function loadLatency(
  load: LoadSpec & { kind: 'latency' },
  target: Target,
  wire: Wire,
  timing: Timing,
): Promise<Sample> {
  const clients = await openAll(load.connections, target.port, wire);
  const { request, size } = await checkEcho(clients, wire, load.bytes);
  const start = performance.now() + timing.warmup * 1000;
  const end = start + timing.seconds * 1000;
  const microseconds: number[] = [];
  const due = clients.map((client) => {
    const times: number[] = [];
    client.count(size, (count) => {
      const now = performance.now();
      for (const time of times.splice(0, count)) {
        if (time >= start && time < end) microseconds.push((now - time) * 1000);
      }
    });
    return times;
  });

  const interval = 1000 / load.rate;
  let sent = 0;
  let next = performance.now();
  // Timers are too coarse (1 ms), so this asks for the time at every turn of the event loop, unless that is for others to use.
  const turn = () => {
    for (const now = performance.now(); next <= now; next += interval) {
      const index = sent++ % clients.length;
      due[index]?.push(load.yields === true ? performance.now() : next);
      clients[index]?.send(request);
    }
    if (next >= end) return;
    if (load.yields === true) setTimeout(turn, 1);
    else setImmediate(turn);
  };
  turn();

  const { shares } = await measure(
    target,
    timing,
    () => microseconds.length,
    () => failureOf(clients),
  );
  closeAll(clients);
  const sorted = Float64Array.from(microseconds).sort();
  if (sorted.length < load.rate * timing.seconds * (1 - MISSING_SHARE)) {
    throw new Error(`${sorted.length} answers at ${load.rate} messages/s for ${timing.seconds} s`);
  }
  const percentile = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return {
    value: percentile(load.percentile),
    detail: { 'p50 µs': percentile(0.5), 'p99 µs': percentile(0.99), 'p90 µs': percentile(0.9) },
    shares,
  };
}
