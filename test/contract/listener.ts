import type { Test } from 'tap';
import type { Position } from '../../core/index.ts';
import type { Cluster } from './broker.ts';

/** A broker without a hub, and what it was told. */
export async function listener(t: Test, cluster: Cluster, letter: string) {
  const broker = cluster.join();
  const node = letter.repeat(8);
  const topics: [string, string][] = [];
  const inbox: string[] = [];
  const entries: { readonly topic: string; readonly position: Position; readonly frame: string }[] = [];
  await broker.start(node, {
    topic: (topic, frame) => void topics.push([topic, frame]),
    inbox: (frame) => void inbox.push(frame),
    entry: (topic, position, frame) => void entries.push({ topic, position, frame }),
    restored: () => {},
  });
  t.teardown(() => broker.close());
  return { broker, node, topics, inbox, entries };
}
