/** Cleans the HTML of what people write. The library is loaded with the first JOIN: it would take 60 ms of a start. */
import type sanitizeHtml from 'sanitize-html';

/** What a message may be formatted with. */
const FORMATTED: sanitizeHtml.IOptions = {
  allowedTags: [
    'a',
    'b',
    'blockquote',
    'br',
    'code',
    'del',
    'em',
    'i',
    'li',
    'ol',
    'p',
    'pre',
    's',
    'strong',
    'u',
    'ul',
  ],
  allowedAttributes: { a: ['href', 'rel'] },
  allowedSchemes: ['http', 'https', 'mailto'],
  // The page that shows a message must not be at the mercy of the one it links to.
  transformTags: {
    a: (tagName, { href }) => ({
      tagName,
      attribs: { ...(href !== undefined && { href }), rel: 'nofollow noopener noreferrer' },
    }),
  },
  nestingLimit: 20,
};
const PLAIN: sanitizeHtml.IOptions = { allowedTags: [], allowedAttributes: {} };

export class Cleaner {
  #sanitize: typeof sanitizeHtml | undefined;

  /** Must have resolved before anything is cleaned. */
  async load(): Promise<void> {
    this.#sanitize ??= (await import('sanitize-html')).default;
  }

  /** HTML with nothing in it but formatting and links. */
  html(text: string): string {
    return this.#clean(text, FORMATTED);
  }

  /** Text without any elements, still escaped as HTML. */
  plain(text: string): string {
    return this.#clean(text, PLAIN);
  }

  /** A value of JSON whose texts and keys have no elements in them. */
  plainAll(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const clean = (inner: unknown): unknown => {
      if (typeof inner === 'string') return this.plain(inner);
      if (Array.isArray(inner)) return inner.map(clean);
      return typeof inner === 'object' && inner !== null
        ? this.plainAll(inner as Record<string, unknown>)
        : inner;
    };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [this.plain(key), clean(inner)]));
  }

  #clean(text: string, options: sanitizeHtml.IOptions): string {
    // Most messages have nothing that could be HTML; parsing them would cost as much as the rest of a post.
    if (!/[<>&]/.test(text)) return text;
    if (this.#sanitize === undefined) throw new Error('the cleaner is not loaded');
    return this.#sanitize(text, options);
  }
}
