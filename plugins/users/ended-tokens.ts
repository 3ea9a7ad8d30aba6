/** Which tokens of an account have ended: all of older versions, and those that were logged out. */
import type { Identity } from '../../core/index.ts';
import { type Account, rootOf } from './accounts.ts';

/** Tokens logged out that an account remembers until they expire; with one more, all of its tokens end. */
const MOST_LOGGED_OUT = 100;
/** So long after its end a token may still be accepted, for clocks that differ, in ms. */
const TOLERANCE = 60_000;

/** An account whose tokens so far are ended, when it is stored. */
export function withoutTokens({ loggedOut: _, ...account }: Account): Account {
  return { ...account, tokenVersion: account.tokenVersion + 1 };
}

/** An account of which that token is ended, when it is stored; those without a name, of an older release, end together. */
export function withoutToken(account: Account, { claims, expiresAt }: Identity): Account {
  const oldest = Date.now() - TOLERANCE;
  const remembered = Object.entries(account.loggedOut ?? {}).filter(([, expires]) => expires > oldest);
  if (typeof claims.jti !== 'string' || expiresAt === undefined || remembered.length >= MOST_LOGGED_OUT)
    return withoutTokens(account);
  return { ...account, loggedOut: Object.fromEntries([...remembered, [claims.jti, expiresAt]]) };
}

export function isLoggedOut({ loggedOut = {} }: Account, { claims }: Identity): boolean {
  return typeof claims.jti === 'string' && Object.hasOwn(loggedOut, claims.jti);
}

/** The version in a token that was signed here; undefined: somebody else signed it. */
export function versionIn({ user, claims }: Identity): number | undefined {
  return typeof claims.tv === 'number' && claims.root_id === rootOf(user) ? claims.tv : undefined;
}
