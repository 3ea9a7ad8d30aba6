/**
 * A run that is ahead of its transaction, of which few have need, and perhaps of its turn: what it says waits for its turn, and as
 * soon as it asks for something it is given up.
 */
import type { JsonText } from '../../core/index.ts';
import type { Shared } from './attempt.ts';
import type { Voice } from './call.ts';
import type { Turn } from './order.ts';
import type { LogLevel, NotifyTarget, RunHost } from './runtime/run.ts';

export class Ahead implements RunHost {
  readonly #voice: Voice;
  readonly #shared: Shared;
  readonly #turn: Turn | undefined;
  /** What it said before its turn; at most as much as a run may. */
  #held: (() => void)[] | undefined;
  #isGivenUp = false;

  /** @param turn undefined: it has come. */
  constructor(voice: Voice, shared: Shared, turn: Turn | undefined) {
    this.#voice = voice;
    this.#shared = shared;
    this.#turn = turn;
  }

  /** After the run has ended and its turn has come. @returns whether the run counts; else it has to be run again. */
  settle(): boolean {
    this.#release();
    return !this.#isGivenUp;
  }

  begun(): void {}

  nodes(): never {
    return this.#giveUp();
  }

  links(): never {
    return this.#giveUp();
  }

  call(): never {
    return this.#giveUp();
  }

  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void {
    this.#say(() => {
      this.#shared.notified++;
      this.#voice.notify(to, targets, data);
    });
  }

  emit(topic: string, data: JsonText): void {
    this.#say(() => {
      this.#shared.notified++;
      this.#voice.emit(topic, data);
    });
  }

  log(level: LogLevel, text: string): void {
    this.#say(() => {
      this.#shared.logged++;
      this.#voice.log(level, text);
    });
  }

  /** What is asked may depend on the events before, and its process may be needed for them: it must not wait there. */
  #giveUp(): never {
    this.#isGivenUp = true;
    throw new Error('asked without a transaction');
  }

  #say(something: () => void): void {
    const turn = this.#turn;
    if (turn === undefined || turn.hasCome) {
      this.#release();
      if (!this.#isGivenUp) something();
    } else if (this.#held === undefined) {
      this.#held = [something];
      // The run may go on for long after its turn has come.
      turn.come.then(() => this.#release());
    } else this.#held.push(something);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (!this.#isGivenUp) for (const say of held) say();
  }
}
