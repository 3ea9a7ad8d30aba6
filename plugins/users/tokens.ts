/**
 * The tokens of users, and their end. A token carries the version its account had when it was signed; raising the
 * version ends all of them. It is compared at each authentication, so that none is accepted from then on by any process
 * on the same store. Connections that are open already lose their identity: those of this process at once, those of
 * others when they next look into the log of what was ended.
 */
import type { AuthenticateRequest, Connection, Denial, Hub, Identity, StoreLog } from '../../core/index.ts';
import { type Account, type Accounts, rootOf } from './accounts.ts';
import type { Options } from './options.ts';

/** Entries kept for other processes. One that looks every two seconds misses none. */
const KEPT = 10_000;
const KEY = 'ended';

export class Tokens {
  readonly #hub: Hub;
  readonly #accounts: Accounts;
  readonly #seconds: number;
  readonly #ended: StoreLog<string>;
  /** Sequence number of the last entry that was seen. */
  #seen = 0;

  /** Registers what it takes to refuse ended tokens. */
  constructor(hub: Hub, accounts: Accounts, { tokenSeconds, endedTokensMs }: Options) {
    this.#hub = hub;
    this.#accounts = accounts;
    this.#seconds = tokenSeconds;
    this.#ended = hub.store.log('ended-tokens');
    hub.hooks.authenticate.tap((request) => this.#authenticate(request));
    // Once more when it is among the open connections: the tokens may have been ended since it was authenticated.
    hub.hooks.opened.tap((connection) => this.#check(connection));
    hub.hooks.identified.tap(({ connection }) => this.#check(connection));
    hub.onReady(async () => {
      const [last] = await this.#ended.read(KEY, { backwards: true, limit: 1 });
      this.#seen = last?.sequence ?? 0;
    });
    hub.every('ended tokens', endedTokensMs, () => this.#lookForEnded());
  }

  sign({ id, email, roles, tokenVersion }: Account): Promise<string> {
    const claims = { email, root_id: rootOf(id), roles, tv: tokenVersion };
    return this.#hub.identity.sign(id, claims, this.#seconds);
  }

  /** Ends the open connections' use of tokens after `alter` raised the version of the account; see `ended`. */
  async end(user: string, alter: (present: Account) => Account): Promise<Account | undefined> {
    const account = await this.#accounts.change(user, alter);
    if (account === undefined) return undefined;
    const sequence = await this.#ended.append(KEY, user);
    if (sequence > KEPT) await this.#ended.trim(KEY, sequence - KEPT);
    await this.#leave(user);
    return account;
  }

  async #authenticate({ identity }: AuthenticateRequest): Promise<Denial | undefined> {
    if (identity === undefined || (await this.#isGood(identity))) return undefined;
    return { deny: 'the token was ended' };
  }

  /** Whether it is a token of a user that was not ended, or one of somebody else, who has to know. */
  async #isGood(identity: Identity): Promise<boolean> {
    const version = versionIn(identity);
    if (version === undefined) return true;
    const account = await this.#accounts.get(identity.user);
    return account?.tokenVersion === version;
  }

  async #check(connection: Connection<unknown>): Promise<void> {
    const { identity } = connection;
    if (identity === undefined || (await this.#isGood(identity))) return;
    // It may have got another identity meanwhile, which was checked on its own.
    if (connection.identity === identity) await connection.forget();
  }

  async #leave(user: string): Promise<void> {
    await Promise.all(this.#hub.connectionsOf(user).map((connection) => this.#check(connection)));
  }

  async #lookForEnded(): Promise<void> {
    const entries = await this.#ended.read(KEY, { from: this.#seen + 1 });
    for (const user of new Set(entries.map(({ value }) => value))) await this.#leave(user);
    this.#seen = entries.at(-1)?.sequence ?? this.#seen;
  }
}

/** An account whose tokens so far are ended, when it is stored. */
export function withoutTokens(account: Account): Account {
  return { ...account, tokenVersion: account.tokenVersion + 1 };
}

/** The version in a token that was signed here; undefined: somebody else signed it. */
function versionIn({ user, claims }: Identity): number | undefined {
  return typeof claims.tv === 'number' && claims.root_id === rootOf(user) ? claims.tv : undefined;
}
