/** Entries of the stream that carries events between hubs, as text: a line that says what one is, then the event as JSON. */

/** Begins an entry that ends a collection; names of topics cannot. */
const END = '!';

/** One of the events that a request with an idempotency key published. */
export interface RequestPart {
  /** Of who, what and key. */
  readonly id: string;
  /** Hash of the body. */
  readonly body: string;
  /** Which event of the body, from 0. */
  readonly index: number;
}

export interface EventEntry {
  readonly name: string;
  /** JSON. */
  readonly text: string;
  /** Of an event that a walker published under a name nobody defined. */
  readonly user?: string | undefined;
  readonly request?: RequestPart | undefined;
}

export type Entry = EventEntry | { readonly ends: string };

export function writeEvent({ name, text, user, request }: EventEntry): string {
  const more = user === undefined && request === undefined ? '' : ` ${JSON.stringify({ user, request })}`;
  return `${name}${more}\n${text}`;
}

/** @param id of the entry that began the collection. */
export function writeEnd(id: string): string {
  return `${END}${id}\n`;
}

export function readEntry(entry: string): Entry {
  const end = entry.indexOf('\n');
  const head = entry.slice(0, end);
  if (head.startsWith(END)) return { ends: head.slice(END.length) };
  const space = head.indexOf(' ');
  const text = entry.slice(end + 1);
  if (space === -1) return { name: head, text };
  const more: Pick<EventEntry, 'user' | 'request'> = JSON.parse(head.slice(space));
  return { name: head.slice(0, space), text, ...more };
}
