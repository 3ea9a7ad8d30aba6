/** What a topic is: the part of the service that plugins write down. */
import type { Static, TSchema } from '../../core/index.ts';
import type { Recipient } from './sessions/recipient.ts';

export interface TopicDefinition<S extends TSchema = TSchema> {
  /** Events are checked against it. */
  readonly schema: S;
  /** One line for the documents. */
  readonly summary: string;
  /**
   * Which clients may get an event; asked again for one that comes back and missed it. Left out: none, the topic is for
   * plugins and walkers only.
   */
  readonly audience?: (event: Static<S>) => Audience<Static<S>>;
  /**
   * Whether something that acts for a user within the hub, such as a walker that this user switched on, may be told of an
   * event. Left out: those whom the audience names one by one, and everybody where it names that; of one with a filter or
   * a transformation, nobody.
   */
  readonly isFor?: (event: Static<S>, user: string) => boolean;
  /** Events about the same thing are collected for a moment and sent to clients as one. Subscribers within the hub get each. */
  readonly batch?: Batch<Static<S>>;
  /** How many events a session gets. Topics that share this object share what it allows. */
  readonly limits?: SessionLimits<Static<S>>;
  /** Whether walkers, which anybody may have written, may publish it. Default false. */
  readonly walkers?: boolean;
}

export interface Audience<E = unknown> {
  /**
   * Index keys of sessions: `everybody`, `user:ann` (the token's `sub`), `login:ann`, `profile:admin`, `role:r1`,
   * `workspace:ws1`, `below:/a/b` (a workspace has that root). Who has one of them gets the event, once. Finding them
   * costs as much as there are keys and recipients.
   */
  readonly keys: readonly string[];
  /** Leaves recipients out. */
  readonly filter?: (recipient: Recipient) => boolean;
  /**
   * What a recipient gets in place of the event: nothing, one event or several. The same object returned for several
   * recipients is encoded once.
   */
  readonly transform?: (recipient: Recipient) => readonly E[];
}

/** Whether what acts for that user within the hub may be told of the event. */
export function isForUser({ isFor, audience }: TopicDefinition, event: unknown, user: string): boolean {
  if (isFor !== undefined) return isFor(event, user);
  const { keys = [], filter, transform } = audience?.(event) ?? {};
  // Those would have to be asked about a session, which there is none of.
  if (filter !== undefined || transform !== undefined) return false;
  return keys.includes('everybody') || keys.includes(`user:${user}`);
}

/** Topics that share this object share what is collected. */
export interface Batch<E> {
  /** Milliseconds from the first event to the one that is sent. */
  readonly ms: number;
  /** What the event is about; undefined: it is not collected and goes at once. */
  readonly key: (event: E) => string | undefined;
  /** Whether it is collected. If not it goes at once, and what was collected of the same key goes before it. Default: it is. */
  readonly joins?: (event: E) => boolean;
  readonly merge: (earlier: E, later: E) => E;
}

export interface SessionLimits<E> {
  /** Events a second, in the long run. */
  readonly perSecond: number;
  /** Events at once. */
  readonly burst: number;
  /** Events that wait until the session may get more; at that number the oldest is dropped. */
  readonly waiting: number;
  /** Events that always go, at once, and are not counted. */
  readonly exempt?: (event: E) => boolean;
  /** Events that are dropped rather than wait. */
  readonly expendable?: (event: E) => boolean;
}

/** A definition as the plugin keeps it: which plugin's, and checked. */
export interface Topic {
  /** As it was published: for a family, the member's name. */
  readonly name: string;
  readonly definition: TopicDefinition;
}
