/** Limits registrations of an address. Hubs of a cluster tell each other, and each counts them all. */
import type { Hub, Line } from '../../core/index.ts';
import { TryLater } from './details.ts';
import type { Options } from './options.ts';
import { Throttle } from './throttle.ts';

const HOUR = 3_600_000;

export class RegistrationGuard {
  readonly #addresses: Throttle;
  readonly #line: Line;

  constructor({ registrationsPerAddress }: Options, hub: Pick<Hub, 'line'>) {
    this.#addresses = new Throttle(registrationsPerAddress, HOUR);
    this.#line = hub.line('registrations', { receive: (address) => this.#addresses.add(address) });
  }

  /**
   * Counts one that is about to be tried.
   * @param address see `network`.
   * @throws TryLater
   */
  count(address: string): void {
    const refused = this.#addresses.take(address);
    if (refused !== undefined)
      throw new TryLater('too_many_attempts', 'too many registrations', 429, refused.wait);
    if (!this.#line.isAlone) this.#line.send(address);
  }
}
