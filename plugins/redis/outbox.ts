/** What leaves for other hubs, and what waits while Redis is away or does not keep up. */
import type { Log } from '../../core/index.ts';
import type { Link } from './link.ts';

/** Characters that may be on their way to Redis without an answer; more wait here, where the oldest can be dropped. */
const MOST_SENT = 4_194_304;

/** What is needed of a connection. */
type Line = Pick<Link, 'isReady' | 'onReady' | 'send'>;

/** A frame and the channel it goes to. */
interface Letter {
  readonly channel: string;
  readonly text: string;
  readonly bytes: number;
}

/**
 * Hands frames on in their order. What Redis did not acknowledge when the connection broke is not sent again: it may
 * have arrived, and nothing may arrive twice.
 */
export class Outbox {
  readonly #link: Line;
  readonly #log: Log;
  readonly #most: number;
  readonly #whenLost: () => void;
  #waiting: Letter[] = [];
  /** In bytes. */
  #waitingSize = 0;
  /** In characters: counting bytes would cost every frame something. */
  #sentSize = 0;
  /** Since Redis went away or fell behind. */
  #dropped = 0;

  /**
   * @param most bytes of frames that may wait.
   * @param whenLost is called after frames were dropped, when none waits any more.
   */
  constructor(link: Line, most: number, log: Log, whenLost: () => void) {
    this.#link = link;
    this.#most = most;
    this.#log = log;
    this.#whenLost = whenLost;
    link.onReady(() => this.#sendWaiting());
  }

  /** All frames of a turn of the event loop leave in one write. */
  send(channel: string, text: string): void {
    if (this.#waiting.length === 0 && this.#canSend()) this.#send(channel, text);
    else this.#keep({ channel, text, bytes: Buffer.byteLength(text) });
  }

  #canSend(): boolean {
    return this.#link.isReady && this.#sentSize < MOST_SENT;
  }

  #send(channel: string, text: string): void {
    this.#sentSize += text.length;
    const answered = () => {
      this.#sentSize -= text.length;
      if (this.#waiting.length > 0) this.#sendWaiting();
    };
    this.#link.send(channel, ['SPUBLISH', channel, text]).then(answered, (error: unknown) => {
      if (this.#link.isReady) this.#log.error({ err: error }, 'Redis refused a notification to other hubs');
      answered();
    });
  }

  #sendWaiting(): void {
    let next = 0;
    for (; next < this.#waiting.length && this.#canSend(); next++) {
      const letter = this.#waiting[next];
      if (letter === undefined) break;
      this.#waitingSize -= letter.bytes;
      this.#send(letter.channel, letter.text);
    }
    this.#waiting = this.#waiting.slice(next);
    if (this.#waiting.length > 0 || this.#dropped === 0) return;
    this.#log.warn(
      `${this.#dropped} notifications to other hubs were dropped while Redis was away or behind`,
    );
    this.#dropped = 0;
    this.#whenLost();
  }

  #keep(letter: Letter): void {
    this.#waiting.push(letter);
    this.#waitingSize += letter.bytes;
    let gone = 0;
    for (; this.#waitingSize > this.#most && gone < this.#waiting.length; gone++)
      this.#waitingSize -= this.#waiting[gone]?.bytes ?? 0;
    if (gone === 0) return;
    this.#dropped += gone;
    this.#waiting.splice(0, gone);
  }
}
