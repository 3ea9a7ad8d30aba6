/** Streams: what a plugin tells itself on all hubs of a cluster, this one included, in one order for all of them. */
import type { Keep, Position } from './broker/port.ts';

/** What hears a stream. Its errors are contained. O: see `Stream.append`. */
export interface StreamHears<O> {
  /** How much is kept for hubs that missed something, and for those that start: they receive all of it. */
  readonly keep: Keep;
  /** Each entry, once. */
  receive(text: string, entry: StreamEntry<O>): void;
  /** What comes next does not follow what came last: entries between them are lost to this hub, or were lost to all. */
  missed(): void;
}

export interface StreamEntry<O> {
  /** Of no other entry, on whichever hub. */
  readonly id: string;
  /**
   * Where it stands for all hubs. undefined: it has no place yet, and the other hubs do not have it. That is so of what a hub
   * appends while the broker is away, or before it listens. Of what was committed, it has a place that this hub does not know.
   */
  readonly position: Position | undefined;
  /** What this hub appended it with; undefined: another hub did, or this one before it was started anew. */
  readonly own: O | undefined;
}

/** A plugin's stream. O: what the hub that appends an entry wants to have at hand when it receives it. */
export interface Stream<O> {
  /** Of the last entry that has a place and was received. */
  readonly position: Position;
  /**
   * Tells all hubs. While the broker is away, the entry is received here at once, and by the others later; what waits for that
   * is bounded, and what is dropped is announced to all as missed.
   * @returns when this hub has received it. It does not reject.
   */
  append(text: string, own: O): Promise<void>;
  /**
   * As `append`, for what has to be there for all hubs once the promise resolves: the entry is not received, here neither, before it has its
   * place. A broker that is away is waited for, as long as it says.
   * @throws HubError `cut_off`: the entry is nowhere, and will not be; `outcome_unknown`: it may get its place yet.
   */
  commit(text: string, own: O): Promise<void>;
  /** Whether all entries after the position, up to now, were received here, each in its place. */
  covers(position: Position): boolean;
  /** @returns when all that was appended before the call, on whichever hub, has been received; at once while the broker is away. */
  catchUp(): Promise<void>;
}

/** The stream of a hub that is alone: an entry is received while it is appended. */
export class LocalStream<O> implements Stream<O> {
  readonly #receive: StreamHears<O>['receive'];
  readonly #epoch: string;
  #offset = 0;

  /** @param receive must not throw. */
  constructor(epoch: string, receive: StreamHears<O>['receive']) {
    this.#epoch = epoch;
    this.#receive = receive;
  }

  get position(): Position {
    return { epoch: this.#epoch, offset: this.#offset };
  }

  append(text: string, own: O): Promise<void> {
    const offset = ++this.#offset;
    this.#receive(text, { id: String(offset), position: { epoch: this.#epoch, offset }, own });
    return RECEIVED;
  }

  commit(text: string, own: O): Promise<void> {
    return this.append(text, own);
  }

  covers({ epoch, offset }: Position): boolean {
    return epoch === this.#epoch && offset <= this.#offset;
  }

  catchUp(): Promise<void> {
    return RECEIVED;
  }
}

const RECEIVED = Promise.resolve();
