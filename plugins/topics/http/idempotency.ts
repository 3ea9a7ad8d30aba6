/** Keys of requests that were carried out: a request that comes again is not carried out again. */
import { createHash } from 'node:crypto';
import { HubError } from '../../../core/index.ts';

export class IdempotencyKeys {
  readonly #most: number;
  /** Hash of the body by hash of who, what and key. */
  readonly #bodies = new Map<string, string>();

  /** @param most keys that are remembered; of more, the oldest are forgotten. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Runs `act` if the request did not come before. A request whose `act` throws did not come.
   * @param request who, what, and the key they chose.
   * @returns whether it had come before.
   * @throws HubError `idempotency_conflict` when it came before with another body.
   */
  once(request: readonly string[], body: unknown, act: () => void): boolean {
    const name = hash(request);
    const content = hash(body);
    const before = this.#bodies.get(name);
    if (before !== undefined) {
      if (before === content) return true;
      throw new HubError('idempotency_conflict', 'this idempotency key was used with another body', 409);
    }
    act();
    this.#bodies.set(name, content);
    const [oldest] = this.#bodies.keys();
    if (this.#bodies.size > this.#most && oldest !== undefined) this.#bodies.delete(oldest);
    return false;
  }
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}
