/** Who a session acts for, and the index keys it is found by. */
import type { Identity } from '../../../core/index.ts';
import { type ClaimNames, type Claims, readClaims } from './claims.ts';

export interface Recipient extends Claims {
  /** See `Audience`. */
  readonly keys: ReadonlySet<string>;
}

/** Of everybody, logged in or not. */
const EVERYBODY = 'everybody';

/** Who is not logged in. */
export const NOBODY: Recipient = {
  user: undefined,
  login: undefined,
  profile: undefined,
  roles: [],
  workspaces: [],
  keys: new Set([EVERYBODY]),
};

/** @param mostKeys keys at most. @returns with fewer keys than its claims ask for, when those are too many. */
export function recipientOf(identity: Identity, names: ClaimNames, mostKeys: number): Recipient {
  const claims = readClaims(identity.claims, names);
  const keys = [...keysOf(claims)];
  return { ...claims, keys: new Set(keys.slice(0, mostKeys)) };
}

function* keysOf({ user, login, profile, roles, workspaces }: Claims): Generator<string> {
  yield EVERYBODY;
  if (user !== undefined) yield `user:${user}`;
  if (login !== undefined) yield `login:${login}`;
  if (profile !== undefined) yield `profile:${profile}`;
  for (const role of roles) yield `role:${role}`;
  for (const { id } of workspaces) yield `workspace:${id}`;
  for (const { roots } of workspaces) for (const root of roots) yield belowKey(root);
}

/** The key of sessions with a workspace that has this root. @param root clean, see `cleanPath`. */
export function belowKey(root: string): string {
  return `below:/${root}`;
}
