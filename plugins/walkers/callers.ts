/** Who walkers run for. */
import { createHash } from 'node:crypto';
import type { Identity, Services } from '../../core/index.ts';
import { isRootId, PUBLIC_ROOT } from './graph/records.ts';

export interface Caller {
  /** Id of the root. */
  readonly root: string;
  /** What a walker sees as `user`. null: nobody is logged in. */
  readonly user: Readonly<Record<string, unknown>> | null;
}

/** Everybody who is not logged in. */
export const PUBLIC: Caller = { root: PUBLIC_ROOT, user: null };

/** The `user` of the identity somebody runs walkers with; undefined: nobody is logged in. */
export function userOf({ user }: Caller): string | undefined {
  return typeof user?.id === 'string' ? user.id : undefined;
}

/** Digits of an id. */
const UNIQUE_LENGTH = 24;

/**
 * The root of an identity: that of the account, or, for whoever logged in elsewhere, one made from the name in the
 * token, always the same.
 */
export function rootOf(identity: Identity | undefined): string {
  if (identity === undefined) return PUBLIC_ROOT;
  const root = `n::${identity.user}`;
  if (isRootId(root) && root !== PUBLIC_ROOT) return root;
  const hash = createHash('sha256').update(identity.user).digest('hex');
  return `n::${hash.slice(0, UNIQUE_LENGTH)}`;
}

export async function callerOf(identity: Identity | undefined, users: Services['users']): Promise<Caller> {
  if (identity === undefined) return PUBLIC;
  const root = rootOf(identity);
  const account = await users.get(identity.user);
  if (account === undefined) return { root, user: { id: identity.user, root_id: root } };
  const { id, email, fields, roles } = account;
  return { root, user: { ...fields, id, email, roles, root_id: root } };
}

/** Whoever is known by a root alone: a webhook's key or a command says which. */
export async function callerOfRoot(root: string, users: Services['users']): Promise<Caller> {
  if (root === PUBLIC_ROOT) return PUBLIC;
  return callerOf({ user: root.slice('n::'.length), claims: {}, expiresAt: undefined }, users);
}
