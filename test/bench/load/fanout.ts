/** One publisher, many subscribers; so many messages on their way that the server never waits. */
import { deepStrictEqual } from 'node:assert/strict';
import { newsContent, type Wire } from '../wire.ts';
import { Client, frame, openAll } from './client.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { closeAll, failureOf, measure } from './window.ts';

/** Messages the publisher sends together, and how many such batches are on their way. */
const BATCH = 8;
const BATCHES = 2;

export async function loadFanout(
  load: LoadSpec & { kind: 'fanout' },
  target: Target,
  wire: Wire,
  timing: Timing,
): Promise<Sample> {
  const sessions = await openAll(load.subscribers + (load.others ?? 0), target.port, wire);
  const subscribers = sessions.slice(0, load.subscribers);
  const subscribe = frame(wire.encode('SUBSCRIBE', {}));
  for (const client of sessions) client.send(subscribe);
  for (const client of sessions) {
    const text = await client.next();
    if (wire.decode(text).type !== 'SUBSCRIBED') throw new Error(`not subscribed: ${text}`);
  }

  const publisher = await Client.open(target.port, wire);
  const content = newsContent(load.bytes);
  const request = frame(wire.encode('PUBLISH', content));
  publisher.send(request);
  let size = 0;
  for (const client of subscribers) {
    const text = await client.next();
    deepStrictEqual(wire.decode(text), { type: 'NEWS', content }, `not the news: ${text}`);
    size = Buffer.byteLength(text);
  }

  const batch = Buffer.concat(Array<Buffer>(BATCH).fill(request));
  let deliveries = 0;
  let published = 0;
  const refill = () => {
    while (published * subscribers.length - deliveries <= (BATCHES - 1) * BATCH * subscribers.length) {
      publisher.send(batch);
      published += BATCH;
    }
  };
  for (const client of subscribers) {
    client.count(size, (count) => {
      deliveries += count;
      refill();
    });
  }
  refill();
  const clients = [...sessions, publisher];
  const { amount, seconds, shares } = await measure(
    target,
    timing,
    () => deliveries,
    () => failureOf(clients),
  );
  closeAll(clients);
  return { value: amount / seconds, detail: {}, shares };
}
