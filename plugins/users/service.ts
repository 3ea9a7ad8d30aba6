/** What other plugins may ask this one. */
import { type Account, type Accounts, rootOf } from './accounts.ts';

/** A registered user, without secrets. */
interface User {
  /** 24 hex digits: the `user` of an identity. */
  readonly id: string;
  readonly email: string;
  /** `n::` and the id. */
  readonly rootId: string;
  /** What the user gave at registration: the user's own word. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** `admin`, or nothing. */
  readonly roles: readonly string[];
}

/** The service `users`. */
export interface Users {
  /** @returns undefined when there is no such user. */
  get(id: string): Promise<User | undefined>;
  /** By e-mail address, compared without case. @returns undefined when there is no such user. */
  find(email: string): Promise<User | undefined>;
}

declare module '../../core/index.ts' {
  interface Services {
    users: Users;
  }
}

export function usersService(accounts: Accounts): Users {
  return {
    get: async (id) => toUser(await accounts.get(id)),
    find: async (email) => toUser(await accounts.find(email)),
  };
}

function toUser(account: Account | undefined): User | undefined {
  if (account === undefined) return undefined;
  const { id, email, fields, roles } = account;
  return { id, email, rootId: rootOf(id), fields, roles };
}
