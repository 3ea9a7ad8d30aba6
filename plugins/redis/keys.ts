/** The layout of keys and channels. README.md describes it; another layout gets another version. */

/** Hubs of another version neither see nor harm what these have. */
const VERSION = 1;

/** Text in braces decides the slot of a key in Redis Cluster: what is written together lies together. */
export class Keys {
  readonly #root: string;

  constructor(prefix: string) {
    this.#root = `${prefix}:${VERSION}`;
  }

  /** Hash of documents by id, and the sorted set of the ids. */
  collection(name: string): [documents: string, ids: string] {
    return [`${this.#root}:docs:{${name}}`, `${this.#root}:ids:{${name}}`];
  }

  /** Stream of the entries of one key. */
  log(name: string, key: string): string {
    return `${this.#root}:log:${name}:${key}`;
  }

  /** Hash of bytes by their hash, and the sorted set of the hashes. */
  blobs(name: string): [contents: string, hashes: string] {
    return [`${this.#root}:blobs:{${name}}`, `${this.#root}:hashes:{${name}}`];
  }

  /** Channel of a topic. One with half a surrogate pair, which has no UTF-8 form, travels escaped. */
  topic(topic: string): string {
    return topic.isWellFormed()
      ? `${this.#root}:topic:${topic}`
      : `${this.#root}:escaped:${JSON.stringify(topic)}`;
  }

  /** The topic of a channel that `topic` made. */
  topicOf(channel: string): string {
    const text = channel.slice(this.#root.length + 1);
    return text.startsWith('topic:')
      ? text.slice('topic:'.length)
      : JSON.parse(text.slice('escaped:'.length));
  }

  /** Channel of what is for one hub alone. */
  inbox(node: string): string {
    return `${this.#root}:node:${node}`;
  }
}
