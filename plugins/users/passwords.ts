/** Hashes and checks passwords by argon2id, off the event loop. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { InvalidField, tooShort } from './details.ts';
import { Gate } from './gate.ts';
import type { Options } from './options.ts';
import { formatHash, type HashParameters, type PasswordHash, parseHash } from './phc.ts';

/** More would only cost time to hash. */
const MAX_BYTES = 256;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

type Derive = (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>;

export class Passwords {
  readonly #parameters: HashParameters;
  readonly #minLength: number;
  readonly #gate: Gate;
  readonly #derive: Derive;
  /** Of an account that does not exist: checking against it takes as long, and never succeeds. */
  readonly #nobody: string;

  /** @param derive computes argon2id. */
  constructor(options: Options, derive: Derive = promisify(argon2)) {
    const { hashMemory: memory, hashPasses: passes, hashParallelism: parallelism } = options;
    this.#parameters = { memory, passes, parallelism };
    this.#minLength = options.passwordLength;
    this.#gate = new Gate(options.hashesAtOnce, options.hashesWaiting);
    this.#derive = derive;
    const [salt, hash] = [randomBytes(SALT_BYTES), randomBytes(HASH_BYTES)];
    this.#nobody = formatHash({ ...this.#parameters, salt, hash });
  }

  /** @param field what the password is called. @throws InvalidField when it may not be chosen. */
  assertValid(password: string, field: string): void {
    const found = unified(password);
    if ([...found].length < this.#minLength) {
      const { msg, type } = tooShort(this.#minLength);
      throw new InvalidField(field, msg, type);
    }
    if (Buffer.byteLength(found) > MAX_BYTES) {
      throw new InvalidField(field, `String should have at most ${MAX_BYTES} bytes`, 'string_too_long');
    }
  }

  /** @param who asks: see `Gate`. @returns the hash as text. @throws TryLater when too many are asked for. */
  async hash(password: string, who: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const kept = { ...this.#parameters, salt, hash: Buffer.alloc(HASH_BYTES) };
    return formatHash({ ...kept, hash: await this.#compute(password, kept, who) });
  }

  /**
   * @param stored what `hash` gave; undefined: there is no such account, which takes as long to find out.
   * @throws as `hash`; TypeError when what is stored is damaged.
   */
  async matches(password: string, stored: string | undefined, who: string): Promise<boolean> {
    const kept = parseHash(stored ?? this.#nobody);
    return timingSafeEqual(await this.#compute(password, kept, who), kept.hash);
  }

  /** Whether a stored hash was made with other parameters than are configured now. */
  isOutdated(stored: string): boolean {
    const { memory, passes, parallelism } = parseHash(stored);
    const now = this.#parameters;
    return memory !== now.memory || passes !== now.passes || parallelism !== now.parallelism;
  }

  #compute(password: string, { salt, hash, ...parameters }: PasswordHash, who: string): Promise<Buffer> {
    const message = unified(password);
    return this.#gate.run(who, () =>
      this.#derive('argon2id', { ...parameters, message, nonce: salt, tagLength: hash.length }),
    );
  }
}

/** The same characters may be typed as different code points: NIST SP 800-63B, 3.1.1.2. */
function unified(password: string): string {
  return password.normalize('NFKC');
}
