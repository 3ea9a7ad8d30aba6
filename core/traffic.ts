/** Counts what comes from other hubs. */
import type { BrokerReceiver, Position } from './broker/port.ts';

export class Traffic implements BrokerReceiver {
  /** Frames so far: for topics this hub has members of, for clients of its own, and entries of streams, its own among them. */
  readonly received = { topic: 0, inbox: 0, stream: 0 };
  readonly #receiver: BrokerReceiver;

  constructor(receiver: BrokerReceiver) {
    this.#receiver = receiver;
  }

  topic(topic: string, frame: string): void {
    this.received.topic++;
    this.#receiver.topic(topic, frame);
  }

  inbox(frame: string): void {
    this.received.inbox++;
    this.#receiver.inbox(frame);
  }

  entry(topic: string, position: Position, frame: string): void {
    this.received.stream++;
    this.#receiver.entry(topic, position, frame);
  }

  restored(): void {
    this.#receiver.restored();
  }
}
