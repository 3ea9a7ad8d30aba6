/** The streams of all plugins, between the broker and what else it carries. */
import { randomBytes } from 'node:crypto';
import type { Broker, BrokerReceiver, Position } from './broker/port.ts';
import { StartError } from './errors.ts';
import type { Failures } from './failures.ts';
import type { Log } from './log.ts';
import { SharedStream } from './shared-stream.ts';
import { LocalStream, type Stream, type StreamHears } from './stream.ts';

/** Where keys are spread over servers by their names, braces mean something. */
const NAME = /^[\w.-]+$/;
/** Between looks for entries that got lost on their way, without any after them that would show it; in ms. */
const LOOK_MS = 5_000;

export class Streams implements BrokerReceiver {
  readonly #broker: Broker;
  readonly #node: string;
  readonly #failures: Failures;
  readonly #log: Log;
  readonly #others: Omit<BrokerReceiver, 'entry'>;
  /** By topic, of a hub with others. */
  readonly #shared = new Map<
    string,
    Pick<SharedStream<unknown>, 'connect' | 'arrive' | 'catchUp' | 'waiting'>
  >();
  readonly #topics = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param node names this hub.
   * @param others get all other frames.
   */
  constructor(
    broker: Broker,
    node: string,
    failures: Failures,
    log: Log,
    others: Omit<BrokerReceiver, 'entry'>,
  ) {
    this.#broker = broker;
    this.#node = node;
    this.#failures = failures;
    this.#log = log;
    this.#others = others;
  }

  /** @throws StartError when the plugin has one of this name, or it is none. */
  open<O>(plugin: string, name: string, hears: StreamHears<O>): Stream<O> {
    const topic = `s ${plugin} ${name}`;
    if (!NAME.test(name)) throw new StartError(`plugin "${plugin}": a stream cannot be named "${name}"`);
    if (this.#topics.has(topic)) throw new StartError(`plugin "${plugin}" opened its stream "${name}" twice`);
    this.#topics.add(topic);
    const contained = this.#contained(plugin, name, hears);
    const epoch = randomBytes(8).toString('hex');
    const broker = this.#broker;
    if (!broker.isDistributed) return new LocalStream(epoch, contained.receive);
    const log = this.#log.child({ plugin, stream: name });
    const stream = new SharedStream<O>({
      broker,
      topic,
      node: this.#node,
      epoch,
      hears: contained,
      say: (reason) => {
        if (reason === 'well again') log.info('what waited goes to the other hubs');
        else log.warn({ err: reason.error }, 'what is for all hubs waits, and goes to clients of this hub');
      },
    });
    this.#shared.set(topic, stream);
    return stream;
  }

  /** The broker has started. @returns when all streams have received what is kept of them. */
  async connect(): Promise<void> {
    await Promise.all([...this.#shared.values()].map((stream) => stream.connect()));
    if (this.#shared.size > 0) this.#timer = setInterval(() => this.#catchUp(), LOOK_MS).unref();
  }

  entry(topic: string, position: Position, frame: string): void {
    this.#shared.get(topic)?.arrive(position, frame);
  }

  topic(topic: string, frame: string): void {
    this.#others.topic(topic, frame);
  }

  inbox(frame: string): void {
    this.#others.inbox(frame);
  }

  restored(): void {
    this.#catchUp();
    this.#others.restored();
  }

  stop(): void {
    clearInterval(this.#timer);
    let waiting = 0;
    for (const stream of this.#shared.values()) waiting += stream.waiting;
    if (waiting > 0) this.#log.warn(`${waiting} entries of streams did not reach the other hubs`);
  }

  #catchUp(): void {
    for (const stream of this.#shared.values()) void stream.catchUp();
  }

  #contained<O>(plugin: string, name: string, hears: StreamHears<O>): StreamHears<O> {
    const failed = (error: unknown) => void this.#failures.report(plugin, `stream "${name}"`, error);
    return {
      keep: hears.keep,
      receive: (text, entry) => {
        try {
          hears.receive(text, entry);
        } catch (error) {
          failed(error);
        }
      },
      missed: () => {
        try {
          hears.missed();
        } catch (error) {
          failed(error);
        }
      },
    };
  }
}
