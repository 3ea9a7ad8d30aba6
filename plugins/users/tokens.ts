/**
 * The tokens of users, and their end. A token carries the version its account had when it was signed; raising the
 * version ends all of them. A single one ends by its name in the account. Both are compared at each authentication, so
 * that none is accepted from then on by any process on the same store. Connections that are open already lose their
 * identity: those of this process at once, those of others when they look into the log of what was ended: other hubs of a
 * cluster are told to, and all do now and then, for what is ended by a process without a line to them.
 */
import { randomBytes } from 'node:crypto';
import type {
  AuthenticateRequest,
  Connection,
  Denial,
  Hub,
  Identity,
  Line,
  StoreLog,
} from '../../core/index.ts';
import { type Account, type Accounts, rootOf } from './accounts.ts';
import { isLoggedOut, versionIn, withoutToken } from './ended-tokens.ts';
import type { Options } from './options.ts';

/** Entries kept for other processes. One that missed more checks all of its connections. */
const KEPT = 10_000;
const KEY = 'ended';

export class Tokens {
  readonly #hub: Hub;
  readonly #accounts: Accounts;
  readonly #seconds: number;
  readonly #ended: StoreLog<string>;
  readonly #line: Line;
  /** Open connections that act for users of this plugin. */
  readonly #connections = new Set<Connection<unknown>>();
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
    hub.hooks.opened.tap((connection) => this.#watch(connection));
    hub.hooks.identified.tap(({ connection }) => this.#watch(connection));
    hub.hooks.closed.tap(({ connection }) => void this.#connections.delete(connection));
    const look = () => this.#lookForEnded();
    // What cannot be read now is found by the timer.
    this.#line = hub.line('ended-tokens', { receive: () => void look().catch(() => {}), missed: look });
    hub.onReady(async () => {
      const [last] = await this.#ended.read(KEY, { backwards: true, limit: 1 });
      this.#seen = last?.sequence ?? 0;
    });
    hub.every('ended tokens', endedTokensMs, look);
  }

  sign({ id, email, roles, tokenVersion }: Account): Promise<string> {
    const jti = randomBytes(12).toString('base64url');
    const claims = { email, root_id: rootOf(id), roles, tv: tokenVersion, jti };
    return this.#hub.identity.sign(id, claims, this.#seconds);
  }

  /** Ends one token. @returns whether it is one of a login. */
  async logOut(identity: Identity): Promise<boolean> {
    if (versionIn(identity) === undefined) return false;
    return (await this.end(identity.user, (present) => withoutToken(present, identity))) !== undefined;
  }

  /** Ends the open connections' use of tokens after `alter` changed the account so that it has fewer. */
  async end(user: string, alter: (present: Account) => Account): Promise<Account | undefined> {
    const account = await this.#accounts.change(user, alter);
    if (account === undefined) return undefined;
    const sequence = await this.#ended.append(KEY, user);
    if (sequence > KEPT) await this.#ended.trim(KEY, sequence - KEPT);
    this.#line.send('');
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
    return account?.tokenVersion === version && !isLoggedOut(account, identity);
  }

  /** It has another identity than before. */
  async #watch(connection: Connection<unknown>): Promise<void> {
    const { identity, isOpen } = connection;
    if (identity === undefined || versionIn(identity) === undefined || !isOpen) {
      this.#connections.delete(connection);
    } else {
      this.#connections.add(connection);
      await this.#check(connection);
    }
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
    const entries = await this.#ended.read(KEY, { from: this.#seen + 1, limit: KEPT });
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return;
    const isWhole = first.sequence === this.#seen + 1;
    const users = new Set(entries.map(({ value }) => value));
    if (isWhole) for (const user of users) await this.#leave(user);
    else for (const connection of [...this.#connections]) await this.#check(connection);
    // Another look may have got further meanwhile.
    this.#seen = Math.max(this.#seen, last.sequence);
  }
}
