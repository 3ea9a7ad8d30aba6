/** Texts by their hash, the ones used last, up to a number of bytes. */
export class TextCache {
  readonly #limit: number;
  readonly #texts = new Map<string, string>();
  #size = 0;

  /** @param limit counted as one byte a character, which is what texts without characters beyond U+00FF take. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(hash: string): string | undefined {
    const text = this.#texts.get(hash);
    if (text === undefined) return undefined;
    // A Map keeps the order of insertion: the first one is the one that was not used for longest.
    this.#texts.delete(hash);
    this.#texts.set(hash, text);
    return text;
  }

  set(hash: string, text: string): void {
    if (text.length > this.#limit || this.#texts.has(hash)) return;
    this.#texts.set(hash, text);
    this.#size += text.length;
    for (const [oldest, { length }] of this.#texts) {
      if (this.#size <= this.#limit) break;
      this.#texts.delete(oldest);
      this.#size -= length;
    }
  }
}
