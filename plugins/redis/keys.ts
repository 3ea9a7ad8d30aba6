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

  /** Hash of bytes by their hash, the sorted set of the hashes, and the number that deletions must have. */
  blobs(name: string): [contents: string, hashes: string, fence: string] {
    return [
      `${this.#root}:blobs:{${name}}`,
      `${this.#root}:hashes:{${name}}`,
      `${this.#root}:fence:{${name}}`,
    ];
  }

  /**
   * List of the entries of a stream, hash of the place where it stands, and the number of the last entry of a sender. They lie
   * where the channel of the stream does.
   * @param topic without braces.
   */
  stream(topic: string): { entries: string; position: string; sender: (node: string) => string } {
    const slot = `{${this.topic(topic)}}`;
    return {
      entries: `${this.#root}:entries:${slot}`,
      position: `${this.#root}:position:${slot}`,
      sender: (node) => `${this.#root}:sender:${slot}:${node}`,
    };
  }

  /** How the keys of all data of a kind begin. */
  beginning(kind: 'docs:{' | 'log:' | 'blobs:{'): string {
    return `${this.#root}:${kind}`;
  }

  /** Hash of who holds each lease. */
  get leases(): string {
    return `${this.#root}:leases`;
  }

  /** Sorted set of the hubs, by when their time is over. */
  get hubs(): string {
    return `${this.#root}:hubs`;
  }

  /** Hash of the connections that are present in a group. */
  present(group: string): string {
    return group.isWellFormed()
      ? `${this.#root}:present:${group}`
      : `${this.#root}:present-escaped:${JSON.stringify(group)}`;
  }

  /** Set of the keys of groups that a hub entered connections into. */
  entered(hub: string): string {
    return `${this.#root}:entered:${hub}`;
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
