/** Closed loop: every connection always has the same number of messages on their way. */
import { deepStrictEqual } from 'node:assert/strict';
import { echoContent, type Wire } from '../wire.ts';
import { type Client, frame, openAll } from './client.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { closeAll, failureOf, measure } from './window.ts';

export async function loadMessages(
  load: LoadSpec & { kind: 'message' },
  target: Target,
  wire: Wire,
  timing: Timing,
): Promise<Sample> {
  const clients = await openAll(load.connections, target.port, wire);
  const { request, size } = await checkEcho(clients, wire, load.bytes);
  const all = Buffer.concat(Array<Buffer>(load.inFlight).fill(request));
  const batches = Array.from({ length: load.inFlight + 1 }, (_, n) => all.subarray(0, n * request.length));
  let answers = 0;
  for (const client of clients) {
    client.count(size, (count) => {
      answers += count;
      client.send(batches[count] ?? all);
    });
    client.send(all);
  }
  const { amount, seconds, shares } = await measure(
    target,
    timing,
    () => answers,
    () => failureOf(clients),
  );
  closeAll(clients);
  return { value: amount / seconds, detail: {}, shares };
}

/**
 * Sends one message on each connection and checks what comes back.
 * @returns the frame that was sent and the bytes of an answer.
 */
export async function checkEcho(
  clients: readonly Client[],
  wire: Wire,
  bytes: number,
): Promise<{ request: Buffer; size: number }> {
  const content = echoContent(123, bytes);
  const request = frame(wire.encode('ECHO', content));
  for (const client of clients) client.send(request);
  let size = 0;
  for (const client of clients) {
    const text = await client.next();
    const answer = wire.decode(text);
    deepStrictEqual(answer.content, content, `not the echo: ${text}`);
    size = Buffer.byteLength(text);
  }
  return { request, size };
}
