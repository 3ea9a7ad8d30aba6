/** Hubs on one Redis, as the broker contract wants them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { RedisBroker } from '../../../plugins/redis/broker.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { Link } from '../../../plugins/redis/link.ts';
import type { Cluster } from '../../contract/broker.ts';

const MARK = 'mark of a test ';

export class RedisCluster implements Cluster {
  readonly #url: string;
  readonly #keys: Keys;
  readonly #members = new Map<string, Broker>();
  readonly #arrivals = new Map<string, () => void>();
  #marks = 0;

  constructor(url: string, prefix: string) {
    this.#url = url;
    this.#keys = new Keys(prefix);
  }

  join(): Broker {
    const log = createLog('silent');
    const link = new Link({ url: this.#url, silenceMs: 5_000 }, log);
    const broker = new RedisBroker(link, this.#keys, 1_000_000, log);
    let own = '';
    return {
      isDistributed: true,
      start: async (node, receiver) => {
        own = node;
        await link.open();
        await broker.start(node, {
          topic: (topic, frame) => receiver.topic(topic, frame),
          inbox: (frame) => {
            if (frame.startsWith(MARK)) this.#arrivals.get(frame)?.();
            else receiver.inbox(frame);
          },
        });
        this.#members.set(node, broker);
      },
      publish: (topic, frame) => broker.publish(topic, frame),
      subscribe: (topic) => broker.subscribe(topic),
      unsubscribe: (topic) => broker.unsubscribe(topic),
      send: (node, frame) => broker.send(node, frame),
      close: () => {
        this.#members.delete(own);
        return broker.close();
      },
    };
  }

  /** Each hub sends a mark to each other one. It comes after all that the hub asked for and sent before. */
  async settled(): Promise<void> {
    await nextTurn();
    const marks: Promise<void>[] = [];
    for (const [from, broker] of this.#members) {
      for (const to of this.#members.keys()) {
        if (to === from) continue;
        const mark = `${MARK}${this.#marks++}`;
        marks.push(new Promise((resolve) => this.#arrivals.set(mark, resolve)));
        broker.send(to, mark);
      }
    }
    await Promise.all(marks);
  }
}
