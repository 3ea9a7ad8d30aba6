/** One attempt at a run, within a transaction of the graph. */
import type { JsonText } from '../../core/index.ts';
import type { Voice } from './call.ts';
import type { Calls } from './grants/calls.ts';
import type { LinksQuery, Transaction } from './graph/transaction.ts';
import type { FunctionCall, LogLevel, NotifyTarget, RunHost } from './runtime/run.ts';

/** What the attempts of a run share: a repeated one says and calls again what the one before did. */
export interface Shared {
  /** How much of what it says has left. */
  notified: number;
  logged: number;
  /** Undefined until the walker calls a function, which few do. */
  calls: Calls | undefined;
}

interface AttemptParts {
  readonly transaction: Transaction;
  readonly voice: Voice;
  readonly shared: Shared;
  readonly makeCalls: () => Calls;
}

/** As the pool sees the hub: its questions go to the graph and to plugins, what it says to the voice. */
export class Attempt implements RunHost {
  readonly #parts: AttemptParts;
  #notified = 0;
  #logged = 0;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  begun(): void {
    this.#parts.shared.calls?.restart();
  }

  call(call: FunctionCall) {
    const { shared, makeCalls } = this.#parts;
    shared.calls ??= makeCalls();
    return shared.calls.call(call);
  }

  nodes(ids: readonly string[]) {
    return this.#parts.transaction.nodes(ids);
  }

  links(question: LinksQuery) {
    return this.#parts.transaction.links(question);
  }

  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void {
    if (this.#isNews()) this.#parts.voice.notify(to, targets, data);
  }

  emit(topic: string, data: JsonText): void {
    if (this.#isNews()) this.#parts.voice.emit(topic, data);
  }

  log(level: LogLevel, text: string): void {
    const { shared, voice } = this.#parts;
    if (++this.#logged <= shared.logged) return;
    shared.logged = this.#logged;
    voice.log(level, text);
  }

  #isNews(): boolean {
    const { shared } = this.#parts;
    if (++this.#notified <= shared.notified) return false;
    shared.notified = this.#notified;
    return true;
  }
}
