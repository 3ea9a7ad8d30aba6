/** One state of a table. States do not change: a change of the table makes the next one. */
import type { ModuleText } from './json-text.ts';
import type { Hashes } from './repository.ts';
import type { TableTag } from './tags.ts';

/** What a commit is to a table. */
export interface Content {
  readonly tree: ModuleText;
  /** When the commit was made: ISO 8601. */
  readonly timestamp: string;
}

export class TableState {
  /** As it is stored. */
  readonly tag: TableTag;
  readonly name: string;
  readonly commit: string;
  /** As its tag has them. */
  readonly made: number;
  readonly version: number;
  readonly listed: number;
  /** Hash of the tree. */
  readonly tree: string;
  /** When the commit was made: ISO 8601. */
  readonly timestamp: string;
  readonly hashes: Hashes;
  readonly content: Content;
  readonly #answers = new Map<string, Buffer>();
  #meta: string | undefined;

  constructor(tag: TableTag, content: Content) {
    const { tree, timestamp } = content;
    this.tag = tag;
    this.name = tag.name;
    this.commit = tag.commit;
    this.made = tag.made ?? 0;
    this.version = tag.version ?? 0;
    this.listed = tag.listed ?? 0;
    this.tree = tree.hash;
    this.timestamp = timestamp;
    this.hashes = new Map(Object.entries<string>(JSON.parse(tree.text)));
    this.content = content;
  }

  /** JSON of `meta`. */
  get meta(): string {
    if (this.#meta === undefined) {
      const id = JSON.stringify(this.commit);
      const hash = JSON.stringify(this.tree);
      const timestamp = JSON.stringify(this.timestamp);
      this.#meta = objectText([
        ['id', id],
        ['hash', hash],
        ['hashes', this.content.tree.text],
        ['timestamp', timestamp],
      ]);
    }
    return this.#meta;
  }

  /** JSON of a module's hash, ready to be sent: hundreds of clients ask for it twice a second. */
  hashAnswer(key: string): Buffer | undefined {
    const ready = this.#answers.get(key);
    if (ready !== undefined) return ready;
    const hash = this.hashes.get(key);
    if (hash === undefined) return undefined;
    const answer = Buffer.from(JSON.stringify(hash));
    this.#answers.set(key, answer);
    return answer;
  }
}

/** JSON of an object, its members already being JSON. */
export function objectText(members: Iterable<readonly [name: string, text: string]>): string {
  let text = '';
  for (const [name, value] of members) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`;
  return `{${text}}`;
}
