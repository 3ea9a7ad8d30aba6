/** The service `topics`: how plugins define, publish and follow kinds of events. */
import { explain, HubError, type Stream, type StreamEntry, type TSchema } from '../../core/index.ts';
import type { Batches } from './batches.ts';
import type { Topic, TopicDefinition } from './definition.ts';
import { type RequestPart, readEntry, writeEvent } from './entries.ts';
import { isName } from './names.ts';
import type { Registry } from './registry.ts';
import type { Subscriber, Subscribers } from './subscribers.ts';

export interface PublishOptions {
  /**
   * Whom a walker published it for; user undefined: nobody who is logged in. Left out: a plugin speaks for itself. A
   * walker may publish topics that say so (`walkers: true`), and such that nobody defined: those reach subscribers within
   * the hub, and of clients only that user.
   */
  readonly walkerOf?: { readonly user: string | undefined };
  /** How many events in a row were published because of each other up to this one. Subscribers are told. Default 0. */
  readonly hops?: number | undefined;
}

/** The service `topics`. */
export interface Topics {
  /**
   * Defines a topic; during set-up only.
   * @param name dotted (`irrigation.soil_moisture`), or a family (`irrigation.*`) whose members need no definition each.
   * @throws StartError when it is defined already, naming both plugins.
   */
  define<S extends TSchema>(name: string, definition: TopicDefinition<S>): void;
  /**
   * Sends an event on its way to clients of all hubs, which get those of one topic in one order, and to the subscribers of this
   * one. A hub that is alone tells these before it returns; in a cluster they are told when the event has its place among those
   * of other hubs. What a subscriber throws is logged and concerns nobody else.
   * @param event is handed on as it is: nobody may change it. What the schema has defaults for is filled in.
   * @throws HubError `unknown_topic`; `invalid_event`, saying which field and what was expected; `forbidden` for a walker.
   */
  publish(name: string, event: unknown, options?: PublishOptions): void;
  /**
   * Follows events published on this hub: one of a cluster handles each.
   * @param names a topic, a family `irrigation.*`, or `*`; of a list, an event that several match is told once. Nobody
   *   need have defined them.
   * @returns ends it.
   * @throws HubError `invalid_topic`, `too_many_subscribers`.
   */
  subscribe(names: string | readonly string[], handler: Subscriber): () => void;
}

declare module '../../core/index.ts' {
  interface Services {
    topics: Topics;
  }
}

/** What became of an event of a request: of all that came with its key, the first is published. */
export type Claim = 'first' | 'repeated' | 'conflict';

/** An event that may be published, checked. */
export interface Checked {
  readonly topic: Topic;
  readonly event: unknown;
  /** The event as JSON. */
  readonly text: string;
  /** Of an event that a walker published under a name nobody defined. */
  readonly user: string | undefined;
  readonly hops: number;
  readonly request: RequestPart | undefined;
  /** Once it was received. */
  claim: Claim;
}

/** What this hub appended to the stream of events: one, or the end of a collection. */
export type Own = Checked | 'end';

interface Requested {
  /** The event is published if no other hub did it for the same request. */
  readonly request?: RequestPart | undefined;
}

export interface BusParts {
  readonly registry: Registry;
  readonly subscribers: Subscribers;
  readonly batches: Batches;
  /** To all hubs, this one too. */
  readonly stream: Stream<Own>;
  readonly claim: (request: RequestPart) => Claim;
  /** Characters of an event as JSON at most. */
  readonly eventBytes: number;
}

export class Bus {
  readonly #parts: BusParts;

  constructor(parts: BusParts) {
    this.#parts = parts;
  }

  /** What one plugin gets. */
  for(plugin: string): Topics {
    const { registry, subscribers } = this.#parts;
    return {
      // Events pass the schema before they meet the definition's functions, which is what makes this widening sound.
      define: (name, definition) => registry.define(plugin, name, definition as TopicDefinition),
      publish: (name, event, options) => {
        const checked = this.check(name, event, options);
        if (isForThisHub(checked)) subscribers.tell(checked);
        else void this.#parts.stream.append(entryOf(checked), checked);
      },
      subscribe: (names, handler) => subscribers.add(plugin, [names].flat(), handler),
    };
  }

  /** @throws HubError as `Topics.publish`. */
  check(name: string, event: unknown, options: PublishOptions & Requested = {}): Checked {
    const { walkerOf, hops = 0, request } = options;
    const { registry, eventBytes } = this.#parts;
    const found = isName(name) ? registry.find(name) : undefined;
    let topic: Topic;
    let user: string | undefined;
    if (found !== undefined) {
      if (walkerOf !== undefined && found.definition.walkers !== true)
        throw new HubError(
          'forbidden',
          `walkers may not publish "${found.name}", which plugin "${found.plugin}" defined`,
        );
      topic = { name, definition: found.definition };
      if (!found.validate(event))
        throw new HubError('invalid_event', `an event of "${name}": ${explain(found.validate.errors)}`);
    } else if (walkerOf !== undefined) {
      topic = this.#undefined(name, walkerOf.user);
      user = walkerOf.user;
    } else throw new HubError('unknown_topic', `nobody defined the topic "${name.slice(0, 60)}"`, 404);
    const text = jsonOf(event);
    if (text === undefined) throw new HubError('invalid_event', `an event of "${name}" has no JSON`);
    if (text.length > eventBytes)
      throw new HubError(
        'invalid_event',
        `an event of "${name}" has ${text.length} characters, at most ${eventBytes} are sent`,
      );
    return { topic, event, text, user, hops, request, claim: 'first' };
  }

  /**
   * For a service outside, which is told whether it was done.
   * @returns when the event has its place among those of all hubs, and its `claim`.
   * @throws HubError `cut_off`, `outcome_unknown`.
   */
  async commit(checked: Checked): Promise<void> {
    const { stream, subscribers } = this.#parts;
    // Which of the requests with one key is carried out is decided by their places.
    if (isForThisHub(checked) && checked.request === undefined) subscribers.tell(checked);
    else await stream.commit(entryOf(checked), checked);
  }

  /** An entry of the stream. */
  receive(entryText: string, entry: StreamEntry<Own>): void {
    const { registry, batches, subscribers, claim } = this.#parts;
    const { own } = entry;
    if (own !== undefined && own !== 'end') {
      const { topic, event, text, request } = own;
      if (request !== undefined) own.claim = claim(request);
      if (own.claim !== 'first') return;
      // Clients first: what a subscriber publishes because of it comes after it.
      batches.add(topic, event, text, entry);
      subscribers.tell(own);
      return;
    }
    const read = readEntry(entryText);
    if ('ends' in read) {
      batches.end(read.ends, entry);
      return;
    }
    const { name, text, user, request } = read;
    if (request !== undefined && claim(request) !== 'first') return;
    // A hub of another configuration in the cluster may know topics that this one has nobody for.
    const definition = registry.find(name)?.definition ?? (user === undefined ? undefined : privateTo(user));
    if (definition !== undefined) batches.add({ name, definition }, JSON.parse(text), text, entry);
  }

  /** @throws HubError `invalid_topic`; `forbidden` for a name that looks like a plugin's. */
  #undefined(name: string, user: string | undefined): Topic {
    if (!isName(name)) {
      const shown = name.slice(0, 60);
      throw new HubError(
        'invalid_topic',
        `"${shown}" is no name of a topic: letters, digits, _ and -, with dots between`,
      );
    }
    if (this.#parts.registry.isOwned(name))
      throw new HubError(
        'forbidden',
        `walkers may not publish "${name}": names that begin so are a plugin's`,
      );
    return { name, definition: privateTo(user) };
  }
}

function entryOf({ topic: { name }, text, user, request }: Checked): string {
  return writeEvent({ name, text, user, request });
}

/** Whether nobody elsewhere gets it. */
function isForThisHub({ topic }: Checked): boolean {
  return topic.definition.audience === undefined;
}

/** What holds for a name nobody defined. */
function privateTo(user: string | undefined): TopicDefinition {
  if (user === undefined) return { schema: {}, summary: '' };
  return { schema: {}, summary: '', audience: () => ({ keys: [`user:${user}`] }) };
}

/** undefined: the value has no JSON. */
function jsonOf(event: unknown): string | undefined {
  try {
    const text: string | undefined = JSON.stringify(event);
    return text;
  } catch {
    return undefined;
  }
}
