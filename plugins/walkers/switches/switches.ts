/** Which users have switched a walker on for themselves: what triggers it then runs it for each of them. */
import { type Collection, HubError, type Identity, type PluginStore } from '../../../core/index.ts';
import { rootOf } from '../callers.ts';

interface Switched {
  /** The `user` of an identity. */
  readonly user: string;
  /** Unix ms. */
  readonly since: number;
}

/** By root. */
type Users = Readonly<Record<string, Switched>>;

/** Characters of a user's name. */
const MOST_NAME = 256;

/** Nothing is cached: what is switched on any hub, or by a command, holds for the next trigger on all of them. */
export class Switches {
  /** By walker: one document each, so that its users are counted and read at once. */
  readonly #users: Collection<Users>;
  readonly #most: number;

  /** @param most users of one walker. */
  constructor(store: PluginStore, most: number) {
    this.#users = store.collection('switches');
    this.#most = most;
  }

  /** The users who have it on. */
  async of(walker: string): Promise<readonly string[]> {
    return Object.values((await this.#users.get(walker)) ?? {}).map(({ user }) => user);
  }

  /** @returns since when (Unix ms) a user has it on; undefined: it is off. */
  async since(walker: string, identity: Identity): Promise<number | undefined> {
    return (await this.#users.get(walker))?.[rootOf(identity)]?.since;
  }

  /** Switches on what is off. @throws HubError `too_many_users`; `invalid_request` for a name that is too long. */
  async on(walker: string, identity: Identity): Promise<void> {
    const { user } = identity;
    if (user.length > MOST_NAME)
      throw new HubError('invalid_request', `the name of the user has more than ${MOST_NAME} characters`);
    const root = rootOf(identity);
    await this.#users.update(walker, (users = {}) => {
      if (users[root] !== undefined) return users;
      if (Object.keys(users).length >= this.#most)
        throw new HubError(
          'too_many_users',
          `${this.#most} users have ${walker} on, which is the limit`,
          403,
        );
      return { ...users, [root]: { user, since: Date.now() } };
    });
  }

  async off(walker: string, identity: Identity): Promise<void> {
    const root = rootOf(identity);
    await this.#users.update(walker, (users) => {
      if (users?.[root] === undefined) return users;
      const { [root]: _, ...others } = users;
      return Object.keys(others).length > 0 ? others : undefined;
    });
  }
}
