/** Lines between the hubs of a cluster: what a plugin tells itself on the others. */
import type { Broker, FrameReceiver } from './broker/port.ts';
import { CatchUp } from './catch-up.ts';
import { StartError } from './errors.ts';
import type { Failures } from './failures.ts';

/** What hears a line. Its errors are contained. */
export interface LineHears {
  /** A text of another hub, and the key it was sent with. Those of one hub and key come in the order in which it sent them. */
  receive(text: string, key: string | undefined): void;
  /**
   * Texts of whichever hub and key may have been missed: read the store again. Called at most once a turn of the event loop,
   * never beside itself, and again when it failed.
   */
  missed?(): void | Promise<void>;
}

/** A plugin's line to itself on the other hubs. */
export interface Line {
  /** Whether there can be no other hub: what would be sent need not be made. */
  readonly isAlone: boolean;
  /**
   * To all other hubs that run the plugin; with a key, to those of them that follow it. Who is not connected at the moment
   * never gets it, and is told that it missed something.
   */
  send(text: string, key?: string): void;
  /** Texts of the key are heard, too, from when the promise resolves on. How many keys are followed is the plugin's to bound. */
  follow(key: string): Promise<void>;
  unfollow(key: string): void;
}

/** Begins the topics of lines, beside those of channels and users: see channels.ts. */
const LINES = 'l ';
/** Topics whose texts are counted; those that were sent to least recently start anew. */
const COUNTED = 10_000;
/** Hubs whose texts of a topic are counted. More have been heard only where hubs came and went. */
const HUBS = 256;
/** In front of a text: the hub in 8 hex digits, the number of the text in base 36, a space. */
const NODE_LENGTH = 8;
/** The number of a frame without a text: the hub that sent it may have lost texts on their way. */
const LOST = 0;

/** Whose line it is. */
interface LineOwner {
  readonly plugin: string;
  readonly name: string;
}

interface OpenLine extends LineOwner {
  readonly hears: LineHears;
  readonly catchUp: CatchUp;
}

interface Hearing {
  readonly line: OpenLine;
  readonly key: string | undefined;
  /** When the hub hears it. */
  readonly inForce: Promise<void>;
  /** The number of the last text, by hub. */
  readonly heard: Map<string, number>;
}

export class Lines implements FrameReceiver {
  readonly #broker: Broker;
  readonly #node: string;
  readonly #failures: Failures;
  readonly #signal: AbortSignal;
  readonly #notifications: FrameReceiver;
  readonly #lines = new Map<string, OpenLine>();
  readonly #hearings = new Map<string, Hearing>();
  /** The number of the last text that was sent to a topic. */
  readonly #sent = new Map<string, number>();

  /**
   * @param node names this hub.
   * @param signal aborts when the hub stops.
   * @param notifications gets all other frames.
   */
  constructor(
    broker: Broker,
    node: string,
    failures: Failures,
    signal: AbortSignal,
    notifications: FrameReceiver,
  ) {
    this.#broker = broker;
    this.#node = node;
    this.#failures = failures;
    this.#signal = signal;
    this.#notifications = notifications;
  }

  open(owner: LineOwner, hears: LineHears): Line {
    const { plugin, name } = owner;
    const topic = lineTopic(plugin, name);
    // A space ends the name where a key follows.
    if (name.includes(' '))
      throw new StartError(`plugin "${plugin}": the line "${name}" has a space in its name`);
    if (this.#lines.has(topic)) throw new StartError(`plugin "${plugin}" opened its line "${name}" twice`);
    const catchUp = new CatchUp(owner, () => hears.missed?.(), this.#failures, this.#signal);
    const line = { ...owner, hears, catchUp };
    this.#lines.set(topic, line);
    return {
      isAlone: !this.#broker.isDistributed,
      send: (text, key) => this.#send(key === undefined ? topic : keyTopic(topic, key), text),
      follow: async (key) => {
        if (this.#broker.isDistributed) await this.#hear(keyTopic(topic, key), line, key);
      },
      unfollow: (key) => {
        const left = keyTopic(topic, key);
        if (this.#hearings.delete(left)) this.#broker.unsubscribe(left);
      },
    };
  }

  /** The broker has started. @returns when all lines are heard. */
  async connect(): Promise<void> {
    await Promise.all([...this.#lines].map(([topic, line]) => this.#hear(topic, line, undefined)));
  }

  topic(topic: string, frame: string): void {
    const hearing = this.#hearings.get(topic);
    if (hearing === undefined) {
      // What was under way when its key was left is nobody's any more.
      if (!topic.startsWith(LINES)) this.#notifications.topic(topic, frame);
      return;
    }
    const { line, key, heard } = hearing;
    const node = frame.slice(0, NODE_LENGTH);
    const end = frame.indexOf(' ', NODE_LENGTH);
    const number = Number.parseInt(frame.slice(NODE_LENGTH, end), 36);
    if (number === LOST) {
      line.catchUp.request();
      return;
    }
    const last = heard.get(node);
    // 1: the hub counts anew.
    if (last !== undefined && number !== last + 1 && number !== 1) line.catchUp.request();
    remember(heard, node, number, HUBS);
    try {
      line.hears.receive(frame.slice(end + 1), key);
    } catch (error) {
      this.#failures.report(line.plugin, `line "${line.name}"`, error);
    }
  }

  inbox(frame: string): void {
    this.#notifications.inbox(frame);
  }

  restored(): void {
    for (const { heard } of this.#hearings.values()) heard.clear();
    for (const [topic, line] of this.#lines) {
      this.#broker.publish(topic, this.#frame(LOST, ''));
      line.catchUp.request();
    }
  }

  #send(topic: string, text: string): void {
    if (!this.#broker.isDistributed) return;
    const number = (this.#sent.get(topic) ?? 0) + 1;
    // Last in the order in which they are forgotten.
    this.#sent.delete(topic);
    remember(this.#sent, topic, number, COUNTED);
    this.#broker.publish(topic, this.#frame(number, text));
  }

  #frame(number: number, text: string): string {
    return `${this.#node}${number.toString(36)} ${text}`;
  }

  #hear(topic: string, line: OpenLine, key: string | undefined): Promise<void> {
    const present = this.#hearings.get(topic);
    if (present !== undefined) return present.inForce;
    const inForce = this.#broker.subscribe(topic);
    this.#hearings.set(topic, { line, key, inForce, heard: new Map() });
    return inForce;
  }
}

/** @param most entries: the first goes for one too many. */
function remember(numbers: Map<string, number>, name: string, number: number, most: number): void {
  numbers.set(name, number);
  if (numbers.size <= most) return;
  for (const first of numbers.keys()) {
    numbers.delete(first);
    return;
  }
}

function lineTopic(plugin: string, name: string): string {
  return `${LINES}${plugin} ${name}`;
}

function keyTopic(line: string, key: string): string {
  return `${line} ${key}`;
}
