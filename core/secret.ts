/** The keys of the hub's own tokens, from a secret that was configured or made for development. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { messageOf, StartError } from './errors.ts';
import type { State } from './store/state.ts';

interface SecretState {
  secret: string;
}

/** What signs and verifies the hub's own tokens. */
export interface TokenKeys {
  readonly algorithm: 'HS256' | 'EdDSA';
  readonly signing: Uint8Array | KeyObject;
  readonly verifying: Uint8Array | KeyObject;
}

/**
 * The keys of the configured secret, or else of one made for development and kept in the data folder.
 * @throws StartError in production without a configured one: a secret nobody chose must not guard anything there; and for one
 *   that cannot be used.
 */
export async function hubKeys(
  configured: string | undefined,
  production: boolean,
  openState: (name: string, defaults: SecretState) => Promise<State<SecretState>>,
): Promise<TokenKeys> {
  if (configured !== undefined) return toKeys(configured, 'identity.secret (or HUB_SECRET)');
  if (production) {
    throw new StartError(
      'NODE_ENV is production and there is no secret: set HUB_SECRET or identity.secret (at least 32 characters)',
    );
  }
  const state = await openState('development-secret', { secret: '' });
  if (state.data.secret === '') {
    await state.update((data) => {
      // Another process, such as `hub token`, may have made one meanwhile: the file was read again just now.
      data.secret ||= randomBytes(32).toString('base64url');
    });
  }
  return toKeys(state.data.secret, 'the secret in state/development-secret.json of the data folder');
}

/** @throws StartError that says what a secret must be, and never what it is. */
function toKeys(secret: unknown, what: string): TokenKeys {
  if (typeof secret !== 'string' || secret.length < 32) {
    throw new StartError(`${what} must be a text of at least 32 characters`);
  }
  if (!secret.startsWith('-----BEGIN')) {
    const key = new TextEncoder().encode(secret);
    return { algorithm: 'HS256', signing: key, verifying: key };
  }
  let signing: KeyObject;
  try {
    signing = createPrivateKey(secret);
  } catch (error) {
    throw new StartError(`${what} is no private key as PEM: ${messageOf(error)}`, { cause: error });
  }
  if (signing.asymmetricKeyType !== 'ed25519') {
    throw new StartError(`${what} must be an Ed25519 private key, found ${signing.asymmetricKeyType}`);
  }
  return { algorithm: 'EdDSA', signing, verifying: createPublicKey(signing) };
}
