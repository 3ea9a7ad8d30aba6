/** Lines between the hubs of a cluster: what a plugin tells itself on the others. */
import type { Broker, BrokerReceiver } from './broker/port.ts';
import { StartError } from './errors.ts';
import type { Failures } from './failures.ts';

/** A plugin's line to itself on the other hubs. */
export interface Line {
  /** Whether there can be no other hub: what would be sent need not be made. */
  readonly isAlone: boolean;
  /** To all other hubs that run the plugin; those that are not connected at the moment never get it. */
  send(text: string): void;
}

interface Receiver {
  readonly plugin: string;
  readonly name: string;
  readonly receive: (text: string) => void;
}

export class Lines implements BrokerReceiver {
  readonly #broker: Broker;
  readonly #failures: Failures;
  readonly #notifications: BrokerReceiver;
  readonly #receivers = new Map<string, Receiver>();

  /** @param notifications gets all other frames. */
  constructor(broker: Broker, failures: Failures, notifications: BrokerReceiver) {
    this.#broker = broker;
    this.#failures = failures;
    this.#notifications = notifications;
  }

  open(receiver: Receiver): Line {
    const { plugin, name } = receiver;
    const topic = lineTopic(plugin, name);
    if (this.#receivers.has(topic))
      throw new StartError(`plugin "${plugin}" opened its line "${name}" twice`);
    this.#receivers.set(topic, receiver);
    const broker = this.#broker;
    return {
      isAlone: !broker.isDistributed,
      send: (text) => broker.publish(topic, text),
    };
  }

  /** The broker has started. */
  connect(): void {
    for (const topic of this.#receivers.keys()) this.#broker.subscribe(topic);
  }

  topic(topic: string, frame: string): void {
    const receiver = this.#receivers.get(topic);
    if (receiver === undefined) {
      this.#notifications.topic(topic, frame);
      return;
    }
    try {
      receiver.receive(frame);
    } catch (error) {
      this.#failures.report(receiver.plugin, `line "${receiver.name}"`, error);
    }
  }

  inbox(frame: string): void {
    this.#notifications.inbox(frame);
  }
}

/** Beside the topics of channels and users: see channels.ts. */
function lineTopic(plugin: string, name: string): string {
  return `l ${plugin} ${name}`;
}
