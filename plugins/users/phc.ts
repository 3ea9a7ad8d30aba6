/** Password hashes as text, in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. */

/** What argon2id is computed with. */
export interface HashParameters {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

export interface PasswordHash extends HashParameters {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const FORM =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,7})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{16,86})$/;

export function formatHash({ memory, passes, parallelism, salt, hash }: PasswordHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** @throws TypeError when it is no hash of argon2id, version 19; the text is not part of the message. */
export function parseHash(text: string): PasswordHash {
  const [, memory, passes, parallelism, salt = '', hash = ''] = FORM.exec(text) ?? [];
  const parsed = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  // What does not come out as it went in has bits behind its last byte.
  if (memory === undefined || formatHash(parsed) !== text) {
    throw new TypeError('expected a password hash of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash');
  }
  return parsed;
}

/** The format knows no padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
