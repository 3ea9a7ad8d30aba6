/** What users may see and command: by configuration, and by their tokens. */
import type { Identity } from '../../core/index.ts';
import type { Options } from './options.ts';

/** All controllers. */
const ALL = '*';

export class Rights {
  readonly #see: ReadonlySet<string>;
  readonly #command: ReadonlySet<string>;

  /** @param identity undefined: may nothing. */
  constructor({ users, claim }: Pick<Options, 'users' | 'claim'>, identity: Identity | undefined) {
    const { user = '', claims = {} } = identity ?? {};
    const given = Object.hasOwn(users, user) ? users[user] : undefined;
    const claimed = textsOf(claims.controllers);
    const command = [...(given?.command ?? []), ...(claim === 'command' ? claimed : [])];
    this.#command = new Set(command);
    this.#see = new Set([...command, ...(given?.see ?? []), ...claimed]);
  }

  get seesAll(): boolean {
    return this.#see.has(ALL);
  }

  /** Those named one by one. */
  get seen(): readonly string[] {
    return [...this.#see].filter((id) => id !== ALL);
  }

  sees(controller: string): boolean {
    return this.seesAll || this.#see.has(controller);
  }

  commands(controller: string): boolean {
    return this.#command.has(ALL) || this.#command.has(controller);
  }
}

/** What a user may of whom only the name is known: walkers run for such. */
export function rightsOfUser(options: Options, user: string): Rights {
  return new Rights(options, { user, claims: {}, expiresAt: undefined });
}

/** What walkers may that run for nobody: those that an event triggered, or the clock. */
export function rightsOfRules({ rules }: Options): Rights {
  return new Rights(
    { users: { rules: { see: [], command: rules } }, claim: 'see' },
    {
      user: 'rules',
      claims: {},
      expiresAt: undefined,
    },
  );
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
