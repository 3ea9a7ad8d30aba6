/** The further fields of an account, which whoever registers chooses, and gets back at each login. */
import { InvalidField } from './details.ts';

const MAX_FIELDS = 32;
const MAX_NAME_LENGTH = 64;
/** Lists and objects within each other: nobody who works on a field later must run out of stack. */
const MAX_DEPTH = 16;

/**
 * Names that mean something here or in a Jac-cloud client, without case and punctuation: somebody may take what they
 * find under them for the word of the hub.
 */
const RESERVED: ReadonlySet<string> = new Set([
  ...['id', 'userid', 'root', 'rootid', 'email', 'password', 'oldpassword', 'newpassword'],
  ...[
    'role',
    'roles',
    'admin',
    'isadmin',
    'superuser',
    'issuperuser',
    'permission',
    'permissions',
    'scope',
    'scopes',
  ],
  ...['active', 'isactivated', 'isactive', 'verified', 'isverified'],
  ...['token', 'tokens', 'tokenversion', 'tv', 'claims', 'sub', 'iss', 'aud', 'exp', 'iat', 'createdat'],
  ...['proto', 'constructor', 'prototype'],
]);

/**
 * @param given the fields beside those of the protocol.
 * @param maxBytes of all of them as JSON.
 * @throws InvalidField naming the first that may not be.
 */
export function checkFields(given: Readonly<Record<string, unknown>>, maxBytes: number): void {
  const names = Object.keys(given);
  for (const [index, [name, value]] of Object.entries(given).entries()) {
    const shown = name.slice(0, MAX_NAME_LENGTH);
    if (RESERVED.has(name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, ''))) {
      throw new InvalidField(shown, 'this field may not be set', 'extra_forbidden');
    }
    if (name.length > MAX_NAME_LENGTH) {
      throw new InvalidField(
        shown,
        `the name should have at most ${MAX_NAME_LENGTH} characters`,
        'string_too_long',
      );
    }
    if (isDeeper(value, MAX_DEPTH)) {
      throw new InvalidField(
        shown,
        `the value should be nested at most ${MAX_DEPTH} levels deep`,
        'value_error',
      );
    }
    if (index >= MAX_FIELDS) {
      throw new InvalidField(
        shown,
        `there should be at most ${MAX_FIELDS} further fields`,
        'extra_forbidden',
      );
    }
  }
  const [first] = names;
  if (first === undefined) return;
  const bytes = Buffer.byteLength(JSON.stringify(given));
  if (bytes <= maxBytes) return;
  const largest = names.reduce((a, b) => (size(given[b]) > size(given[a]) ? b : a), first);
  throw new InvalidField(
    largest,
    `further fields should have at most ${maxBytes} bytes as JSON, found ${bytes}`,
    'too_long',
  );
}

function size(value: unknown): number {
  return JSON.stringify(value).length;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
