/** What runs ask the hub and tell it, within their limits. */
import type { ChildLimits } from '../runtime/protocol.ts';
import type { LineWriter } from './lines.ts';

/** Characters of one line of a walker's log. */
const LOG_CHARACTERS = 2_000;

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly at?: string;
  readonly stalled?: boolean;
}

/** The code of a run that has to be done again, in a call of its own. */
export const AGAIN = 'again';

/** What the hub is asked for; waits for the answer. */
export type Ask = (line: string) => string;

export class Said {
  readonly #writer: LineWriter;
  readonly #ask: Ask;
  #jobs: readonly string[] = [];
  #limits: ChildLimits | undefined;
  /** Which of the jobs said something last: the others before it say nothing any more. */
  #at = 0;
  #notifications = 0;
  #notificationBytes = 0;
  #logLines = 0;
  /** Why jobs fail, whatever the walkers make of it. */
  readonly #failures = new Map<number, Failure>();

  constructor(writer: LineWriter, ask: Ask) {
    this.#writer = writer;
    this.#ask = ask;
  }

  /** @param jobs that are done in the call that begins. */
  begin(jobs: readonly string[], limits: ChildLimits): void {
    this.#jobs = jobs;
    this.#limits = limits;
    if (this.#failures.size > 0) this.#failures.clear();
    this.#turnTo(0);
  }

  /** @param at which of the jobs. */
  failure(at: number): Failure | undefined {
    return this.#failures.get(at);
  }

  /** @param at which of the jobs says it. */
  hostCall(operation: string, text: string, at: number): string {
    if (at !== this.#at) this.#turnTo(at);
    // Text with a line break would be a message of its own to the hub. The library never makes one.
    if (text.includes('\n')) return this.#fail('error', 'text with a line break');
    switch (operation) {
      case 'nodes':
      case 'links':
      case 'call':
        // Until the answer comes, nothing of the others' would leave.
        if (this.#jobs.length > 1) return this.#fail(AGAIN, 'the hub is asked');
        return this.#ask(`ask\t${this.#job}\t${operation}\t${text}`);
      case 'notify':
      case 'emit':
        return this.#notify(operation, text);
      case 'log':
        return this.#log(text);
      default:
        return this.#fail('error', `no operation ${operation}`);
    }
  }

  get #job(): string {
    return this.#jobs[this.#at] ?? '';
  }

  #turnTo(at: number): void {
    this.#at = at;
    this.#notifications = 0;
    this.#notificationBytes = 0;
    this.#logLines = 0;
  }

  #notify(operation: string, text: string): string {
    const { notifications = 0, notificationBytes = 0 } = this.#limits ?? {};
    this.#notificationBytes += text.length;
    if (++this.#notifications > notifications)
      return this.#fail('limit', `more than ${notifications} notifications`);
    if (this.#notificationBytes > notificationBytes)
      return this.#fail('limit', `notifications of more than ${notificationBytes} characters`);
    this.#writer.add(`${operation}\t${this.#job}\t${text}`);
    this.#writer.flush();
    return '=';
  }

  #log(text: string): string {
    const { logLines = 0 } = this.#limits ?? {};
    if (++this.#logLines > logLines) return this.#fail('limit', `more than ${logLines} lines of log`);
    const tab = text.indexOf('\t') + 1;
    const value: unknown = JSON.parse(text.slice(tab));
    const line = JSON.stringify(String(value).slice(0, LOG_CHARACTERS));
    this.#writer.add(`log\t${this.#job}\t${text.slice(0, tab)}${line}`);
    return '=';
  }

  /** The job fails even when the walker goes on. */
  #fail(code: string, message: string): string {
    if (!this.#failures.has(this.#at)) this.#failures.set(this.#at, { code, message });
    return `!${code}:${message}`;
  }
}
