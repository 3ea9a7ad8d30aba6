/** What an endpoint sends and accepts: one registry for both directions feeds checks, documents and counters. */
import type { Static, TSchema } from 'typebox';
import type { Envelope } from './codec.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { StartError } from './errors.ts';
import { type JsonText, toJsonText } from './json.ts';
import { compile, type Validator } from './schema.ts';

/**
 * What happens to a message when its reader is too slow: `close` (it must not be lost: the connection goes, with a code that
 * invites to reconnect), `drop` (the oldest waiting ones go first), `latest` (a newer one of the same key replaces it).
 */
export type Overflow = 'close' | 'drop' | 'latest';

/** A reply: a message, nothing, or a promise of either. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement is a handler without a reply
export type Reply = Message | undefined | void;
/** @param type the name the message came under: of use to a handler of many types. */
export type MessageHandler<C, D> = (
  content: C,
  connection: Connection<D>,
  type: string,
) => Reply | Promise<Reply>;

/** What stands in the registry, documents and counters for all message types nobody registered by name. */
export const OTHER = '(other)';

export interface HandlerOptions {
  /** The next message of the connection need not wait until this handler is done. Default false. */
  readonly concurrent?: boolean;
  /** One line for the documents. */
  readonly summary?: string;
}

export interface OutgoingOptions {
  readonly overflow: Overflow;
  /** Sent as the content alone, without the envelope: some protocols have such messages. Default false. */
  readonly bare?: boolean;
  readonly summary?: string;
}

/** A registered message type that clients send. */
export interface IncomingType {
  readonly name: string;
  readonly plugin: string;
  readonly schema: TSchema;
  readonly validate: Validator<TSchema>;
  readonly handler: MessageHandler<unknown, unknown>;
  readonly concurrent: boolean;
  readonly summary: string | undefined;
  /** Messages that passed the schema, since the start. */
  received: number;
}

/** A declared message type that the hub sends. */
export class OutgoingType {
  readonly name: string;
  readonly plugin: string;
  readonly endpoint: Endpoint<unknown>;
  readonly schema: TSchema;
  readonly overflow: Overflow;
  readonly summary: string | undefined;
  readonly bare: boolean;
  /** What became of messages that met a slow reader, since the start. */
  readonly congestion = { dropped: 0, replaced: 0, closed: 0 };
  readonly #prefix: string;
  readonly #flat: boolean;
  #validate: Validator<TSchema> | undefined;

  constructor(
    endpoint: Endpoint<unknown>,
    plugin: string,
    name: string,
    schema: TSchema,
    options: OutgoingOptions,
  ) {
    this.name = name;
    this.plugin = plugin;
    this.endpoint = endpoint;
    this.schema = schema;
    this.overflow = options.overflow;
    this.summary = options.summary;
    this.bare = options.bare ?? false;
    const envelope: Envelope = endpoint.options.envelope;
    this.#flat = envelope.content === undefined;
    const head = `{${JSON.stringify(envelope.type)}:${JSON.stringify(name)}`;
    this.#prefix = this.#flat ? head : `${head},${JSON.stringify(envelope.content)}:`;
  }

  /** @throws TypeError when the content has no JSON. */
  encode(content: unknown): string {
    const json: string | undefined = toJsonText(content);
    if (json === undefined) throw new TypeError(`message "${this.name}" has no content that JSON can hold`);
    if (this.bare) return json;
    if (!this.#flat) return `${this.#prefix}${json}}`;
    // Text that was not written here may have spaces anywhere.
    const fields = json.slice(json.indexOf('{') + 1).trim();
    return fields === '}' ? `${this.#prefix}}` : `${this.#prefix},${fields}`;
  }

  /** Only used where every outgoing message is checked, so only compiled there. */
  get validate(): Validator<TSchema> {
    this.#validate ??= compile(this.schema);
    return this.#validate;
  }
}

/** One message to send: encoded once, however many receive it. */
export class Message {
  readonly type: OutgoingType;
  readonly content: unknown;
  /** Under `latest`, a newer message of the same type and key replaces this one. */
  readonly key: string;
  #text: string | undefined;
  #bytes: Buffer | undefined;
  #sent = false;

  constructor(type: OutgoingType, content: unknown, key: string, text?: string) {
    this.type = type;
    this.content = content;
    this.key = key;
    this.#text = text;
  }

  get text(): string {
    this.#text ??= this.type.endpoint.encode(this);
    return this.#text;
  }

  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.text);
    return this.#bytes;
  }

  /** What to hand to the transport: a string is best once, bytes are best from the second recipient on. */
  payload(): string | Buffer {
    if (this.#sent) return this.bytes;
    this.#sent = true;
    return this.text;
  }
}

/**
 * Makes a message of the declared type.
 * @param content what its schema says, or JSON text of it.
 * @param key for `latest`: what the message is about; a newer one of the same key replaces it. Default: ''.
 */
export interface MessageFactory<S extends TSchema> {
  (content: Static<S> | JsonText, key?: string): Message;
  readonly type: OutgoingType;
}

/** The message types of one endpoint, both directions. */
export class MessageRegistry {
  readonly incoming = new Map<string, IncomingType>();
  readonly outgoing = new Map<string, OutgoingType>();

  /** @throws StartError when the name is taken, naming both plugins. */
  addIncoming(type: IncomingType, endpoint: string): void {
    claim(this.incoming, type, endpoint);
  }

  /** @throws StartError when the name is taken, naming both plugins. */
  addOutgoing(type: OutgoingType, endpoint: string): void {
    claim(this.outgoing, type, endpoint);
  }
}

function claim<T extends { name: string; plugin: string }>(
  types: Map<string, T>,
  type: T,
  endpoint: string,
): void {
  const other = types.get(type.name);
  if (other !== undefined) {
    throw new StartError(
      `plugin "${type.plugin}": the message type "${type.name}" on ${endpoint} is already registered by plugin "${other.plugin}"`,
    );
  }
  types.set(type.name, type);
}
