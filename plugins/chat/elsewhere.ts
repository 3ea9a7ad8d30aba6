/** Who is in a room on other hubs. */

/** A session in a room. */
export interface Session {
  /** Id of the connection. */
  readonly client: string;
  readonly login: string;
  /** When its user came into the room: Unix ms, later than those who were there already. Users are listed by it. */
  readonly since: number;
}

type Word = { readonly joined: Session } | { readonly left: string };

/** What hubs tell of their sessions, in their order, and what a look-up found. */
export class Elsewhere {
  #sessions = new Map<string, Session>();
  /** When users came, by login. */
  #users = new Map<string, number>();
  /** Told while a look-up is under way: it may not have found it. */
  #meanwhile: Word[] | undefined;

  get users(): ReadonlyMap<string, number> {
    return this.#users;
  }

  joined(session: Session): void {
    this.#meanwhile?.push({ joined: session });
    this.#add(session);
  }

  /** @returns the session, if it was there. */
  left(client: string): Session | undefined {
    this.#meanwhile?.push({ left: client });
    return this.#remove(client);
  }

  /**
   * @param find looks up all who are there. One look-up at a time.
   * @returns whether other users are there than before.
   */
  async look(find: () => Promise<readonly Session[]>): Promise<boolean> {
    const meanwhile: Word[] = [];
    this.#meanwhile = meanwhile;
    let found: readonly Session[];
    try {
      found = await find();
    } finally {
      this.#meanwhile = undefined;
    }
    const before = this.#users;
    this.#sessions = new Map();
    this.#users = new Map();
    for (const session of found) this.#add(session);
    for (const word of meanwhile) {
      if ('joined' in word) this.#add(word.joined);
      else this.#remove(word.left);
    }
    return before.size !== this.#users.size || [...before.keys()].some((login) => !this.#users.has(login));
  }

  #add(session: Session): void {
    this.#sessions.set(session.client, session);
    const since = this.#users.get(session.login);
    if (since === undefined || since > session.since) this.#users.set(session.login, session.since);
  }

  #remove(client: string): Session | undefined {
    const session = this.#sessions.get(client);
    if (session === undefined) return undefined;
    this.#sessions.delete(client);
    const { login } = session;
    if (![...this.#sessions.values()].some((other) => other.login === login)) this.#users.delete(login);
    return session;
  }
}
