/** Identity: verifies tokens (JWTs, through jose) and signs the hub's own. */
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { HubError, messageOf } from './errors.ts';
import { type HookPoints, isTapped } from './hooks.ts';
import type { Log } from './log.ts';
import type { TokenKeys } from './secret.ts';

/** Who a connection or a request acts for. */
export interface Identity {
  /** The token's `sub`. */
  readonly user: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Unix ms; undefined: does not expire. */
  readonly expiresAt: number | undefined;
}

export interface IdentityOptions {
  /** Of the hub's own tokens. */
  readonly keys: TokenKeys;
  /** An issuer's key set, for tokens the hub did not sign. */
  readonly jwks?: string;
  /** Required `iss` of tokens verified by the key set. */
  readonly issuer?: string;
  /** Required `aud` of tokens verified by the key set. */
  readonly audience?: string;
}

/** Identity as plugins see it. */
export interface IdentityService {
  /** @throws HubError `unauthorized` or `token_expired`. */
  verify(token: string): Promise<Identity>;
  /**
   * The identity of an HTTP request with an `Authorization: Bearer …` header; undefined without the header.
   * @throws HubError as `verify`.
   */
  of(request: {
    readonly headers: { readonly authorization?: string | undefined };
  }): Promise<Identity | undefined>;
  /** Signs a token of the hub. @param expiresIn seconds; default: does not expire. */
  sign(user: string, claims?: Readonly<Record<string, unknown>>, expiresIn?: number): Promise<string>;
}

/** Clocks of different machines may differ by so many seconds. */
const CLOCK_TOLERANCE = 5;

/** Codes of jose for what went wrong with the key set, not with the token. */
const ISSUER_FAILURES = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

export class TokenIdentity implements IdentityService {
  readonly #options: IdentityOptions;
  readonly #hooks: HookPoints;
  readonly #log: Log;
  #issuerKeys: JWTVerifyGetKey | undefined;

  constructor(options: IdentityOptions, hooks: HookPoints, log: Log) {
    this.#options = options;
    this.#hooks = hooks;
    this.#log = log;
  }

  async verify(token: string, endpoint?: string): Promise<Identity> {
    if (token === '')
      throw new HubError('unauthorized', 'the token is empty, or was not given as a Bearer token');
    const checked = await this.#check(token);
    if (isTapped(this.#hooks.authenticate)) {
      const identity = checked instanceof HubError ? undefined : checked;
      const verdict = await this.#hooks.authenticate.promise({ token, endpoint, identity });
      if (verdict !== undefined && 'deny' in verdict) throw new HubError('unauthorized', verdict.deny);
      if (verdict !== undefined) return verdict;
    }
    if (checked instanceof HubError) throw checked;
    return checked;
  }

  /** Whom the core's own keys take the token for, or why they do not accept it. */
  async #check(token: string): Promise<Identity | HubError> {
    // jose is only loaded by hubs that see tokens: it takes 20 ms of a start.
    const { decodeProtectedHeader, errors } = await import('jose');
    try {
      const isOwn = decodeProtectedHeader(token).alg === this.#options.keys.algorithm;
      const payload =
        isOwn || this.#options.jwks === undefined
          ? await this.#verifyOwn(token)
          : await this.#verifyIssued(token);
      return toIdentity(payload);
    } catch (error) {
      if (error instanceof HubError) return error;
      if (error instanceof errors.JWTExpired) return new HubError('token_expired', 'the token has expired');
      return new HubError('unauthorized', `the token is not valid: ${messageOf(error)}`);
    }
  }

  async of(request: {
    readonly headers: { readonly authorization?: string | undefined };
  }): Promise<Identity | undefined> {
    const token = bearerToken(request.headers.authorization);
    return token === undefined ? undefined : this.verify(token);
  }

  sign(user: string, claims?: Readonly<Record<string, unknown>>, expiresIn?: number): Promise<string> {
    return signToken(this.#options.keys, user, claims, expiresIn);
  }

  async #verifyOwn(token: string): Promise<JWTPayload> {
    const { errors, jwtVerify } = await import('jose');
    const { jwks, keys } = this.#options;
    const checks = { algorithms: [keys.algorithm], clockTolerance: CLOCK_TOLERANCE };
    try {
      return (await jwtVerify(token, keys.verifying, checks)).payload;
    } catch (error) {
      const isForeign = error instanceof errors.JWSSignatureVerificationFailed && jwks !== undefined;
      // An issuer may sign with EdDSA as the hub does. Nobody publishes a key of HS256.
      if (isForeign && keys.algorithm === 'EdDSA') return this.#verifyIssued(token);
      throw error;
    }
  }

  async #verifyIssued(token: string): Promise<JWTPayload> {
    const { createRemoteJWKSet, errors, jwtVerify } = await import('jose');
    const { jwks = '', issuer, audience } = this.#options;
    this.#issuerKeys ??= createRemoteJWKSet(new URL(jwks));
    const checks: JWTVerifyOptions = { clockTolerance: CLOCK_TOLERANCE };
    if (issuer !== undefined) checks.issuer = issuer;
    if (audience !== undefined) checks.audience = audience;
    try {
      return (await jwtVerify(token, this.#issuerKeys, checks)).payload;
    } catch (error) {
      // Not about the token: the key set could not be fetched or read. The operator has to know.
      const isAboutToken = error instanceof errors.JOSEError && !ISSUER_FAILURES.has(error.code);
      if (!isAboutToken) this.#log.error({ err: error }, `the key set ${jwks} cannot be had`);
      throw isAboutToken ? error : new HubError('unauthorized', 'the token could not be checked');
    }
  }
}

/** As `IdentityService.sign`. */
export async function signToken(
  keys: TokenKeys,
  user: string,
  claims: Readonly<Record<string, unknown>> = {},
  expiresIn?: number,
): Promise<string> {
  const { SignJWT } = await import('jose');
  const token = new SignJWT({ ...claims })
    .setProtectedHeader({ alg: keys.algorithm })
    .setSubject(user)
    .setIssuedAt();
  if (expiresIn !== undefined) token.setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn);
  return token.sign(keys.signing);
}

function toIdentity(claims: JWTPayload): Identity {
  if (typeof claims.sub !== 'string' || claims.sub === '') {
    throw new HubError('unauthorized', 'the token names no user: it has no "sub"');
  }
  return { user: claims.sub, claims, expiresAt: claims.exp === undefined ? undefined : claims.exp * 1000 };
}

/** The token of an `Authorization: Bearer …` header; undefined when there is no such header. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined || header === '' ? undefined : (/^Bearer\s+(\S*)$/i.exec(header)?.[1] ?? '');
}
