/** Streams of the broker: what is kept of one, and its entries on their way to the hubs. */
import { randomBytes } from 'node:crypto';
import type { AppendOptions, Past, Position } from '../../core/index.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import { APPEND, HISTORY } from './scripts.ts';

/** Begins what is published of a stream; other publications begin with the name of their hub. */
const MARK = '#';
/** The place of an entry, in front of it. */
const PLACE = /^#([0-9a-f]{16}) (\d{1,15}) /;

export class RedisStreams {
  readonly #link: Link;
  readonly #keys: Keys;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async append(topic: string, frame: string, options: AppendOptions): Promise<boolean> {
    const { node, number, keep, follows, isAfterLoss } = options;
    const channel = this.#keys.topic(topic);
    const { entries, position, sender } = this.#keys.stream(topic);
    const done = await this.#link.send(channel, [
      'EVAL',
      APPEND,
      '4',
      entries,
      position,
      sender(node),
      channel,
      frame,
      `${number}`,
      `${keep.entries}`,
      `${keep.bytes}`,
      `${keep.seconds}`,
      newEpoch(),
      isAfterLoss ? '1' : '',
      follows ? '1' : '',
    ]);
    return done === 1;
  }

  async history(topic: string, since: Position): Promise<Past> {
    const { entries, position } = this.#keys.stream(topic);
    const args = [since.epoch, `${since.offset}`, newEpoch()];
    const answer = await this.#link.send(entries, ['EVAL', HISTORY, '2', entries, position, ...args]);
    const [epoch, offset, frames]: unknown[] = Array.isArray(answer) ? answer : [];
    return {
      position: { epoch: String(epoch), offset: Number(offset) },
      frames: Array.isArray(frames) ? frames.map(String) : [],
    };
  }
}

/** @param message a publication. @returns undefined: it is of no stream. @throws Error when it is none of a hub. */
export function readEntry(
  message: Buffer,
): { readonly position: Position; readonly frame: string } | undefined {
  if (message[0] !== MARK.charCodeAt(0)) return undefined;
  const text = message.toString();
  const [place, epoch, offset] = PLACE.exec(text) ?? [];
  if (place === undefined || epoch === undefined) throw new Error('the place of an entry cannot be read');
  return { position: { epoch, offset: Number(offset) }, frame: text.slice(place.length) };
}

function newEpoch(): string {
  return randomBytes(8).toString('hex');
}
