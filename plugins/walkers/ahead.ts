/** A run ahead of its turn: what it says is held back, and as soon as it asks for something it is given up. */
import type { JsonText } from '../../core/index.ts';
import type { LinksQuery } from './graph/transaction.ts';
import type { Turn } from './order.ts';
import type { FunctionCall, LogLevel, NotifyTarget, RunHost } from './runtime/run.ts';

export class Ahead implements RunHost {
  readonly #host: RunHost;
  readonly #turn: Turn;
  /** What it said before its turn; at most as much as a run may. */
  #held: (() => void)[] = [];
  #isGivenUp = false;

  constructor(host: RunHost, turn: Turn) {
    this.#host = host;
    this.#turn = turn;
  }

  /** After the run has ended and its turn has come. @returns whether the run counts; else it has had no effect. */
  settle(): boolean {
    this.#release();
    return !this.#isGivenUp;
  }

  begun(): void {
    this.#host.begun();
  }

  nodes(ids: readonly string[]) {
    this.#assertTurn();
    return this.#host.nodes(ids);
  }

  links(question: LinksQuery) {
    this.#assertTurn();
    return this.#host.links(question);
  }

  call(call: FunctionCall) {
    this.#assertTurn();
    return this.#host.call(call);
  }

  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void {
    this.#say(() => this.#host.notify(to, targets, data));
  }

  emit(topic: string, data: JsonText): void {
    this.#say(() => this.#host.emit(topic, data));
  }

  log(level: LogLevel, text: string): void {
    this.#say(() => this.#host.log(level, text));
  }

  /** What is asked may depend on the events before, and its process may be needed for them: it must not wait there. */
  #assertTurn(): void {
    if (this.#turn.hasCome && !this.#isGivenUp) return;
    this.#isGivenUp = true;
    throw new Error('asked ahead of its turn');
  }

  #say(something: () => void): void {
    if (this.#turn.hasCome) {
      this.#release();
      if (!this.#isGivenUp) something();
    } else if (this.#held.push(something) === 1) {
      // The run may go on for long after its turn has come.
      this.#turn.come.then(() => this.#release());
    }
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    if (!this.#isGivenUp) for (const say of held) say();
  }
}
