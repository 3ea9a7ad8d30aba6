/** The accounts in the store. */
import { randomBytes } from 'node:crypto';
import { type Collection, HubError, type PluginStore } from '../../core/index.ts';
import { emailKey } from './emails.ts';

export interface Account {
  /** 24 hex digits; the id of the user's root is `n::` and the same. */
  readonly id: string;
  /** As it was given. */
  readonly email: string;
  /** Hash of the password, in the PHC string format. */
  readonly password: string;
  /** What else was given at registration. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  /** Tokens of another version are refused. */
  readonly tokenVersion: number;
  /** When tokens expire that were ended one by one, in Unix ms, by their `jti`. */
  readonly loggedOut?: Readonly<Record<string, number>>;
  /** Unix ms. */
  readonly createdAt: number;
}

export type NewAccount = Pick<Account, 'email' | 'password' | 'fields'>;

/** Accounts read at a time to list them. */
const PAGE = 500;
const COUNT = 'accounts';
/** No account has this id. */
const NOBODY = 'nobody';

export class Accounts {
  readonly #byId: Collection<Account>;
  /** Ids by the key of the e-mail address: whoever is written there owns the address. */
  readonly #ids: Collection<string>;
  /** How many there are, in one document: hubs and commands on one store see the same number. */
  readonly #counts: Collection<number>;
  readonly #limit: number;

  /** @param limit accounts at most. */
  constructor(store: PluginStore, limit: number) {
    this.#byId = store.collection('accounts');
    this.#ids = store.collection('emails');
    this.#counts = store.collection('counts');
    this.#limit = limit;
  }

  get(id: string): Promise<Account | undefined> {
    return this.#byId.get(id);
  }

  async find(email: string): Promise<Account | undefined> {
    const id = await this.#ids.get(emailKey(email));
    // As many reads for an address that nobody has: they must not tell by their time.
    return this.#byId.get(id ?? NOBODY);
  }

  /**
   * Of several at once with one e-mail address, one gets it.
   * @throws HubError `email_taken`; `forbidden` when there are as many accounts as there may be.
   */
  async create(given: NewAccount): Promise<Account> {
    await this.#count(1);
    const account = { ...given, id: newId(), roles: [], tokenVersion: 1, createdAt: Date.now() };
    try {
      // In this order: a process that is killed in between leaves an account nobody can reach, not an address
      // nobody can have. The number of accounts is then one too high.
      await this.#byId.put(account.id, account);
      const owner = await this.#ids.update(emailKey(given.email), (present) => present ?? account.id);
      if (owner === account.id) return account;
      await this.#byId.delete(account.id);
      throw taken();
    } catch (error) {
      await this.#count(-1);
      throw error;
    }
  }

  /** Says so early, before a password is hashed for nothing. @throws HubError `email_taken` */
  async assertFree(email: string): Promise<void> {
    if ((await this.#ids.get(emailKey(email))) !== undefined) throw taken();
  }

  /** Alters an account that exists. @returns it as it is then; undefined: it does not exist. */
  change(id: string, alter: (present: Account) => Account): Promise<Account | undefined> {
    return this.#byId.update(id, (present) => present && alter(present));
  }

  /** All of them, in the order of their e-mail addresses. */
  async *all(): AsyncGenerator<Account> {
    let page: string[] = [];
    do {
      const after = page.at(-1);
      page = await this.#ids.ids({ limit: PAGE, ...(after !== undefined && { after }) });
      for (const email of page) {
        const account = await this.find(email);
        if (account !== undefined) yield account;
      }
    } while (page.length === PAGE);
  }

  async #count(step: 1 | -1): Promise<void> {
    await this.#counts.update(COUNT, (present = 0) => {
      if (step === 1 && present >= this.#limit) {
        throw new HubError('forbidden', `there are ${this.#limit} accounts, which is the limit`);
      }
      return Math.max(0, present + step);
    });
  }
}

function taken(): HubError {
  return new HubError('email_taken', 'this email address is registered already', 409);
}

/** Time first, as MongoDB's ids have it, which Jac-cloud's are: so it is never 0…01, the id of the public root. */
function newId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return seconds.padStart(8, '0') + randomBytes(8).toString('hex');
}

/** The id of a user's root. */
export function rootOf(user: string): string {
  return `n::${user}`;
}
