/**
 * Sessions as clients of Pydio Cells know them: a first message with a token makes one, the next such message replaces it,
 * `unsubscribe` clears it. Nothing here knows of chat.
 */
import {
  CLOSE_CODES,
  type Connection,
  type Endpoint,
  type Envelope,
  HubError,
  type Identity,
  type Static,
  Type,
} from '../../core/index.ts';

const claim = (name: string, description: string) =>
  Type.String({ default: name, minLength: 1, description });

/** Which claims of a token say what. */
export const ClaimNames = Type.Object(
  {
    user: claim('sub', "The user's id."),
    name: Type.Union(
      [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })],
      {
        default: 'name',
        description:
          'The login, the author of messages, which must be unique; of several claims, the first that a token has. Without it, the id.',
      },
    ),
    profile: claim('profile', '`admin`, `standard`, `shared` or `anon`; any other, or none, is `standard`.'),
    roles: claim('roles', 'List of role ids.'),
    workspaces: claim('workspaces', 'List of workspace ids, or of objects with an `id`.'),
    scope: claim('scope', 'Words separated by spaces, or a list of them.'),
  },
  { default: {}, additionalProperties: false },
);
export type ClaimNames = Static<typeof ClaimNames>;

/** Who a connection or a request acts for, as its token says. */
export interface Session {
  /** The very object the connection holds: another one is another session. */
  readonly identity: Identity;
  readonly user: string;
  readonly login: string;
  readonly profile: string;
  readonly roles: readonly string[];
  /** Ids. */
  readonly workspaces: readonly string[];
  readonly scopes: readonly string[];
}

const PROFILES = ['admin', 'standard', 'shared', 'anon'];

/** Reads sessions out of identities, each once. */
export class SessionReader {
  readonly #names: ClaimNames;
  readonly #known = new WeakMap<Identity, Session>();

  constructor(names: ClaimNames) {
    this.#names = names;
  }

  /** @throws HubError `unauthorized` when there is no identity. */
  of(identity: Identity | undefined): Session {
    if (identity === undefined)
      throw new HubError('unauthorized', 'there is no session: subscribe with a token first');
    const known = this.#known.get(identity);
    if (known !== undefined) return known;
    const session = this.#read(identity);
    this.#known.set(identity, session);
    return session;
  }

  #read(identity: Identity): Session {
    const { claims } = identity;
    const names = this.#names;
    const user = textOf(claims[names.user]) ?? identity.user;
    const profile = textOf(claims[names.profile]) ?? '';
    const scope = claims[names.scope];
    return {
      identity,
      user,
      login:
        [names.name]
          .flat()
          .map((name) => textOf(claims[name]))
          .find((login) => login !== undefined) ?? user,
      profile: PROFILES.includes(profile) ? profile : 'standard',
      roles: textsOf(claims[names.roles]),
      workspaces: textsOf(claims[names.workspaces]),
      scopes: typeof scope === 'string' ? scope.split(' ') : textsOf(scope),
    };
  }
}

/** Whether a session goes on as the other one, with a newer token. */
export function isSameUser(a: Session, b: Session): boolean {
  return a.user === b.user && a.login === b.login;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The texts of a list, and the ids of its objects. */
function textsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const idOf = (item: unknown) =>
    typeof item === 'object' && item !== null && 'id' in item ? item.id : item;
  return value.flatMap((item) => textOf(idOf(item)) ?? []);
}

const PLAIN = 'register:';

export const sessionEnvelope: Envelope = {
  type: '@type',
  unknown: 'ignore',
  invalid: 'close',
  error: ({ message, traceId }) => ({
    '@type': 'error',
    error: traceId === undefined ? message : `${message}, trace id ${traceId}`,
  }),
  // The oldest clients send the token without JSON around it.
  fallback: (text) =>
    text.startsWith(PLAIN) ? { '@type': 'register', jwt: text.slice(PLAIN.length).trim() } : undefined,
};

/** The messages that make, replace and clear sessions. */
export function serveSessions<D>(endpoint: Endpoint<D>): void {
  const Token = Type.Object({ jwt: Type.String({ default: '' }) });
  const subscribe = async ({ jwt }: Static<typeof Token>, connection: Connection<D>) => {
    try {
      if (jwt === '') throw new HubError('unauthorized', 'empty jwt');
      await connection.identify(jwt);
    } catch (error) {
      if (!(error instanceof HubError) || error.code === 'internal') throw error;
      connection.send(endpoint.errorMessage({ code: error.code, message: error.message }));
      connection.close(CLOSE_CODES.unauthorized.code, error.message);
    }
  };
  endpoint.on('subscribe', Token, subscribe, { summary: 'Makes or replaces the session' });
  endpoint.on('register', Token, subscribe, { summary: 'The same, of older clients' });
  endpoint.on('unsubscribe', Type.Object({}), (_, connection) => connection.forget(), {
    summary: 'Clears the session; the connection stays',
  });
}
