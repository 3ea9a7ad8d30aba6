/** The service `topics`: how plugins define, publish and follow kinds of events. */
import { explain, HubError, type Line, type TSchema } from '../../core/index.ts';
import type { Batches } from './batches.ts';
import type { Topic, TopicDefinition } from './definition.ts';
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
   * Sends an event on its way to clients of all hubs, tells the subscribers of this one, and returns. What a subscriber
   * throws is logged and concerns nobody else.
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

/** An event on its way to other hubs. */
interface Frame {
  readonly name: string;
  readonly event: unknown;
  /** Of an event that a walker published under a name nobody defined. */
  readonly user?: string;
}

export interface BusParts {
  readonly registry: Registry;
  readonly subscribers: Subscribers;
  readonly batches: Batches;
  /** To the other hubs. */
  readonly line: Line;
  /** Characters of an event as JSON at most. */
  readonly eventBytes: number;
}

/** An event that may be published, checked. */
export interface Checked {
  readonly topic: Topic;
  readonly event: unknown;
  readonly frame: Frame;
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
      publish: (name, event, options) => this.publish(this.check(name, event, options)),
      subscribe: (names, handler) => subscribers.add(plugin, [names].flat(), handler),
    };
  }

  /** @throws HubError as `Topics.publish`. */
  check(name: string, event: unknown, { walkerOf }: PublishOptions = {}): Checked {
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
    const length = lengthOf(event);
    if (length === undefined) throw new HubError('invalid_event', `an event of "${name}" has no JSON`);
    if (length > eventBytes)
      throw new HubError(
        'invalid_event',
        `an event of "${name}" has ${length} characters, at most ${eventBytes} are sent`,
      );
    return { topic, event, frame: { name, event, ...(user !== undefined && { user }) } };
  }

  publish({ topic, event, frame }: Checked): void {
    const { line } = this.#parts;
    if (!line.isAlone) line.send(JSON.stringify(frame));
    // Clients first: what a subscriber publishes because of it comes after it.
    this.#parts.batches.add(topic, event);
    this.#parts.subscribers.tell(topic.name, event);
  }

  /** An event that another hub published. */
  receive(text: string): void {
    const { name, event, user }: Frame = JSON.parse(text);
    const definition = this.#parts.registry.find(name)?.definition;
    // A hub of another configuration in the cluster may know topics that this one has nobody for.
    if (definition !== undefined) this.#parts.batches.add({ name, definition }, event);
    else if (user !== undefined) this.#parts.batches.add({ name, definition: privateTo(user) }, event);
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

/** What holds for a name nobody defined. */
function privateTo(user: string | undefined): TopicDefinition {
  const keys = user === undefined ? [] : [`user:${user}`];
  return { schema: {}, summary: '', audience: () => ({ keys }) };
}

/** Characters of a value as JSON; undefined: it has none. */
function lengthOf(event: unknown): number | undefined {
  try {
    const text: string | undefined = JSON.stringify(event);
    return text?.length;
  } catch {
    return undefined;
  }
}
