/**
 * Keys of requests: of all that come with one key, on whichever hub, one is carried out. The order of the stream of events
 * decides which: whatever hub receives an event of a request again leaves it out. A stream of its own tells of the keys for
 * longer, to hubs that start.
 */
import { createHash } from 'node:crypto';
import { type Hub, HubError, type Stream } from '../../../core/index.ts';
import type { RequestPart } from '../entries.ts';
import type { Claim } from '../service.ts';

/** For so long after the last request, in seconds. */
const KEPT_FOR = 86_400;
/** Characters of a key on the stream, at most. */
const KEY_LENGTH = 200;

interface Known {
  readonly body: string;
  /** Events of the body that were published. */
  readonly count: number;
}

export class IdempotencyKeys {
  readonly #most: number;
  readonly #stream: Stream<string>;
  /** As the stream of events has it. */
  readonly #claimed = new Map<string, Known>();
  /** As hubs told when all of a request was published. A hub may hear it before the events: it says nothing about these. */
  readonly #done = new Map<string, Known>();

  /** @param most keys that are remembered; of more, the oldest are forgotten. */
  constructor(hub: Hub, most: number) {
    this.#most = most;
    this.#stream = hub.stream<string>('requests', {
      keep: { entries: most, bytes: most * KEY_LENGTH, seconds: KEPT_FOR },
      receive: (text) => {
        const [id = '', body = '', count] = text.split(' ');
        this.#remember(this.#done, id, { body, count: Number(count) });
      },
      // What it would have told is known from the events, as long as these are kept.
      missed: () => {},
    });
  }

  /**
   * @param request who, what, and the key they chose.
   * @returns one part for each of `count` events; undefined: all of them were published before.
   * @throws HubError `idempotency_conflict` when it came before with another body.
   */
  partsOf(request: readonly string[], body: unknown, count: number): readonly RequestPart[] | undefined {
    const id = hash(request);
    const content = hash(body);
    const known = this.#done.get(id) ?? this.#claimed.get(id);
    if (known !== undefined && known.body !== content) throw conflict();
    if (known !== undefined && known.count >= count) return undefined;
    return Array.from({ length: count }, (_, index) => ({ id, body: content, index }));
  }

  /** Tells which of those that come with a key is received first. */
  claim({ id, body, index }: RequestPart): Claim {
    const known = this.#claimed.get(id);
    if (known !== undefined && known.body !== body) return 'conflict';
    if (known !== undefined && index < known.count) return 'repeated';
    this.#remember(this.#claimed, id, { body, count: index + 1 });
    return 'first';
  }

  /** All parts of a request were published, of which this is the last. */
  done({ id, body, index }: RequestPart): void {
    void this.#stream.append(`${id} ${body} ${index + 1}`, id);
  }

  #remember(keys: Map<string, Known>, id: string, known: Known): void {
    keys.set(id, known);
    const [oldest] = keys.keys();
    if (keys.size > this.#most && oldest !== undefined) keys.delete(oldest);
  }
}

export function conflict(): HubError {
  return new HubError('idempotency_conflict', 'this idempotency key was used with another body', 409);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}
