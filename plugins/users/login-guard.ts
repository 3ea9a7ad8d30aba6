/**
 * Limits failed logins: of an address, and of an account.
 *
 * An account that anybody could lock by failing on purpose would be a weapon against its owner. So the limit of an
 * account holds for addresses that never logged in to it; one that did has the same number of failures for itself, which
 * strangers cannot use up. And a lock ends with its window, however many attempts were refused meanwhile.
 *
 * Hubs of a cluster tell each other how logins ended, and each counts them all. So a limit is exceeded by no more than what
 * is under way on the other hubs.
 */
import { isIPv6 } from 'node:net';
import { type Hub, hashOf, type Line } from '../../core/index.ts';
import { TryLater } from './details.ts';
import type { Options } from './options.ts';
import { type Refusal, Throttle } from './throttle.ts';

/** Pairs of account and address that are remembered; at more, the one that was not used for longest is forgotten. */
const MAX_FAMILIAR = 10_000;
/** Longer ones are of no network; they come from a header. */
const MAX_ADDRESS_LENGTH = 64;

/** A login under way, counted as failed until something else is said. */
export interface Attempt {
  failed(): void;
  succeeded(): void;
  /** The password was not looked at. */
  withdrawn(): void;
}

/** What hubs tell each other of a login: from where it succeeded, or what to count because it failed. */
type Ended = { readonly familiar: string } | { readonly account: string; readonly address: string };

export class LoginGuard {
  readonly #accounts: Throttle;
  readonly #addresses: Throttle;
  readonly #familiar = new Set<string>();
  readonly #log: Hub['log'];
  readonly #line: Line;

  /** @param now see `Throttle`. */
  constructor(options: Options, hub: Pick<Hub, 'log' | 'line'>, now?: () => number) {
    const length = options.failureSeconds * 1000;
    this.#accounts = new Throttle(options.failuresPerAccount, length, now);
    this.#addresses = new Throttle(options.failuresPerAddress, length, now);
    this.#log = hub.log;
    this.#line = hub.line('logins', { receive: (text) => this.#hear(text) });
  }

  /**
   * Counts a login before its password is looked at: of many at once, none slips through.
   * @param email key of an account, whether there is such a one or not.
   * @throws TryLater
   */
  begin(email: string, remote: string): Attempt {
    const address = network(remote);
    // The hash, because it goes to other hubs: people type passwords into the wrong field.
    const name = hashOf(email);
    const pair = `${name} ${address}`;
    const account = this.#familiar.has(pair) ? pair : name;
    const ofAddress = this.#addresses.take(address);
    if (ofAddress !== undefined) throw this.#refuse('an address', address, ofAddress);
    const ofAccount = this.#accounts.take(account);
    if (ofAccount !== undefined) {
      this.#addresses.giveBack(address);
      throw this.#refuse('an account', address, ofAccount);
    }
    const withdrawn = () => {
      this.#addresses.giveBack(address);
      this.#accounts.giveBack(account);
    };
    const succeeded = () => {
      withdrawn();
      this.#remember(pair);
      this.#tell({ familiar: pair });
    };
    const failed = () => this.#tell({ account, address });
    return { failed, succeeded, withdrawn };
  }

  #tell(ended: Ended): void {
    if (!this.#line.isAlone) this.#line.send(JSON.stringify(ended));
  }

  #hear(text: string): void {
    const ended: Ended = JSON.parse(text);
    if ('familiar' in ended) this.#remember(ended.familiar);
    else {
      this.#addresses.add(ended.address);
      this.#accounts.add(ended.account);
    }
  }

  /** Never logs the account: people type passwords into the wrong field. */
  #refuse(what: string, address: string, { wait, isFirst }: Refusal): TryLater {
    if (isFirst)
      this.#log.warn({ address }, `too many failed logins of ${what}: more are refused for a while`);
    return new TryLater('too_many_attempts', 'too many failed logins', 429, wait);
  }

  #remember(pair: string): void {
    this.#familiar.delete(pair);
    this.#familiar.add(pair);
    const [oldest = pair] = this.#familiar;
    if (this.#familiar.size > MAX_FAMILIAR) this.#familiar.delete(oldest);
  }
}

/** What counts as one address: of IPv6 the first 64 bits, since whoever has one of them has them all. */
export function network(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address.slice(0, MAX_ADDRESS_LENGTH);
  const ipv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (ipv4 !== undefined) return ipv4;
  const [left = [], right = []] = plain
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  // An IPv4 address at the end stands for two groups.
  const length = left.length + right.length + (plain.includes('.') ? 1 : 0);
  const groups = [...left, ...Array<string>(8 - length).fill('0'), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
