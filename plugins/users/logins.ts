/** Registering, logging in and changing the password. */
import { HubError, type Identity, type Log } from '../../core/index.ts';
import type { Account, Accounts } from './accounts.ts';
import { TryLater } from './details.ts';
import { emailKey, readEmail } from './emails.ts';
import { withoutTokens } from './ended-tokens.ts';
import { checkFields } from './fields.ts';
import { type LoginGuard, network } from './login-guard.ts';
import type { Options } from './options.ts';
import type { Passwords } from './passwords.ts';
import type { RegistrationGuard } from './registration-guard.ts';
import type { Tokens } from './tokens.ts';
import type { Tell } from './topics.ts';

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly [field: string]: unknown;
}

/** The parts logins are made of. */
export interface LoginParts {
  readonly options: Options;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
  readonly guard: LoginGuard;
  readonly registrations: RegistrationGuard;
  readonly log: Log;
  readonly tell: Tell;
}

export class Logins {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /**
   * @param address where the request came from.
   * @throws InvalidField, TryLater; HubError `email_taken`; `forbidden` when registration is switched off or there are too many.
   */
  async register({ email: given, password, ...fields }: Registration, address: string): Promise<void> {
    const { options, accounts, passwords, registrations, log, tell } = this.#parts;
    if (!options.registration) throw new HubError('forbidden', 'registration is switched off');
    const email = readEmail(given);
    passwords.assertValid(password, 'password');
    checkFields(fields, options.fieldBytes);
    registrations.count(network(address));
    await accounts.assertFree(email);
    const hash = await passwords.hash(password, network(address));
    const { id } = await accounts.create({ email, password: hash, fields });
    log.info({ user: id, address }, 'registered');
    tell('registered', id);
  }

  /**
   * An e-mail address that nobody registered is told from a wrong password neither by the answer nor by its time.
   * @throws TryLater; HubError `wrong_login`.
   */
  async login(
    email: string,
    password: string,
    address: string,
  ): Promise<{ token: string; account: Account }> {
    const { accounts, tokens, tell } = this.#parts;
    const account = await accounts.find(email);
    if (!(await this.#knows(account, email, password, address)) || account === undefined) {
      throw new HubError('wrong_login', 'Invalid Email/Password!', 400);
    }
    await this.#renewHash(account, password, address);
    const token = await tokens.sign(account);
    tell('logged_in', account.id);
    return { token, account };
  }

  /**
   * Ends all tokens of the user, too.
   * @throws InvalidField, TryLater; HubError `unauthorized` without an account, `wrong_login` when the old password is wrong.
   */
  async changePassword(
    identity: Identity | undefined,
    { old_password, new_password }: { readonly old_password: string; readonly new_password: string },
    address: string,
  ): Promise<void> {
    const { accounts, passwords, tokens, log, tell } = this.#parts;
    const account = identity && (await accounts.get(identity.user));
    if (account === undefined) throw tokenNeeded();
    passwords.assertValid(new_password, 'new_password');
    if (!(await this.#knows(account, account.email, old_password, address))) throw wrongPassword();
    const password = await passwords.hash(new_password, network(address));
    await tokens.end(account.id, (present) => {
      // Somebody else changed it while this one was hashed.
      if (present.password !== account.password) throw wrongPassword();
      return withoutTokens({ ...present, password });
    });
    log.info({ user: account.id, address }, 'changed the password');
    tell('password_changed', account.id);
  }

  /** Ends the token of the identity. @throws HubError `unauthorized` when it is none of a login. */
  async logout(identity: Identity | undefined): Promise<void> {
    const { tokens, log, tell } = this.#parts;
    if (identity === undefined || !(await tokens.logOut(identity))) throw tokenNeeded();
    log.info({ user: identity.user }, 'logged out');
    tell('logged_out', identity.user);
  }

  /** Whether the password is that of the account, within the limits for failures. @throws TryLater */
  async #knows(
    account: Account | undefined,
    email: string,
    password: string,
    address: string,
  ): Promise<boolean> {
    const { guard, passwords } = this.#parts;
    const attempt = guard.begin(emailKey(email), address);
    try {
      const isRight = await passwords.matches(password, account?.password, network(address));
      if (isRight) attempt.succeeded();
      else attempt.failed();
      return isRight;
    } catch (error) {
      attempt.withdrawn();
      throw error;
    }
  }

  /** Hashes the password again when that is configured otherwise now; at the next login, when there is no time. */
  async #renewHash(account: Account, plain: string, address: string): Promise<void> {
    const { accounts, passwords } = this.#parts;
    if (!passwords.isOutdated(account.password)) return;
    try {
      const password = await passwords.hash(plain, network(address));
      await accounts.change(account.id, (present) =>
        present.password === account.password ? { ...present, password } : present,
      );
    } catch (error) {
      if (!(error instanceof TryLater)) throw error;
    }
  }
}

function tokenNeeded(): HubError {
  return new HubError('unauthorized', 'a valid token of a registered user is needed');
}

function wrongPassword(): HubError {
  return new HubError('wrong_login', 'Invalid Password!', 400);
}
