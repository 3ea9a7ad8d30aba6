/** An endpoint: one or more WebSocket paths with one envelope, its message types and its rules. */
import { type Static, type TSchema, Type } from 'typebox';
import type { Envelope } from './codec.ts';
import type { Connection } from './connection.ts';
import { type ErrorReport, HubError, StartError } from './errors.ts';
import { type HookPoints, isTapped } from './hooks.ts';
import { ConnectionLimits } from './limits.ts';
import {
  type HandlerOptions,
  Message,
  type MessageFactory,
  type MessageHandler,
  MessageRegistry,
  OTHER,
  type OutgoingOptions,
  OutgoingType,
} from './messages.ts';
import { compile, type ErrorObject, explain } from './schema.ts';

export interface EndpointOptions<D> {
  readonly envelope: Envelope;
  /**
   * `optional`: anonymous connections are welcome. `required`: a valid token at the upgrade, else 401. `message`: a token at the
   * upgrade or in a message (the plugin calls `connection.identify`) within the time allowed, else a close. Default `optional`.
   */
  readonly auth?: 'optional' | 'required' | 'message';
  /** Whether `?token=` is accepted, for clients that cannot set headers. It ends up in proxies' logs. Default false. */
  readonly tokenInQuery?: boolean;
  /**
   * When the token of an open connection expires: it goes on as anonymous, or is closed. Default: `close` where a token is
   * `required`, else `anonymous`. Where one is needed, a new one must come within the time allowed.
   */
  readonly expired?: 'anonymous' | 'close';
  /** Limits that differ from the hub's. */
  readonly limits?: Partial<ConnectionLimits>;
  /**
   * State of the plugin for each connection, made when it opens; found as `connection.data`. A `HubError` it throws refuses
   * the connection: it is closed with that message as the reason.
   */
  readonly data?: (connection: Connection<undefined>) => D;
  /**
   * What others see of a connection in a channel, or under its user (`channel` is undefined), at most 1,000 characters; undefined: it
   * is not told of there. Asked when the connection enters the channel and when its identity changes, so it should depend on
   * nothing else. Default: none is told of. See `hub.presence`.
   */
  readonly presence?: (connection: Connection<D>, channel: string | undefined) => string | undefined;
  /** One line for the documents. */
  readonly summary?: string;
}

/** What the core gives an endpoint beside its options. */
export interface EndpointContext {
  readonly plugin: string;
  readonly hooks: HookPoints;
  readonly limits: ConnectionLimits;
  /** Throws once set-up is over. */
  readonly assertOpen: (what: string) => void;
  /** Told about outgoing messages that do not match their schema; absent: they are not checked. */
  readonly onInvalidOutgoing: ((problem: string) => void) | undefined;
  readonly record: { readonly accepts: string[]; readonly emits: string[] };
}

const validateLimits = compile(ConnectionLimits);

/** @throws StartError when a limit is not one. */
function completeLimits(
  { plugin, limits }: EndpointContext,
  own: Partial<ConnectionLimits> = {},
  endpoint: string,
): ConnectionLimits {
  const known = Object.entries(limits).filter(([name]) => name in ConnectionLimits.properties);
  // One that is undefined is the hub's: without a number nothing would be limited.
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  const all: unknown = Object.fromEntries([...known, ...given]);
  if (validateLimits(all)) return all;
  throw new StartError(
    `plugin "${plugin}": the limits of the endpoint ${endpoint}: ${explain(validateLimits.errors)}`,
  );
}

export class Endpoint<D = undefined> {
  /** The first one names the endpoint. */
  readonly paths: readonly string[];
  readonly options: EndpointOptions<D>;
  readonly plugin: string;
  readonly limits: ConnectionLimits;
  readonly messages = new MessageRegistry();
  readonly #context: EndpointContext;
  readonly #errors: OutgoingType;

  constructor(paths: readonly string[], options: EndpointOptions<D>, context: EndpointContext) {
    this.paths = paths;
    this.options = options;
    this.plugin = context.plugin;
    this.limits = completeLimits(context, options.limits, this.name);
    this.#context = context;
    this.#errors = new OutgoingType(this as Endpoint<unknown>, 'core', '(error)', Type.Unknown(), {
      overflow: 'drop',
      bare: true,
    });
  }

  /** An error as this endpoint puts it. */
  errorMessage(report: ErrorReport, invalid: readonly ErrorObject[] = []): Message {
    const { error } = this.options.envelope;
    return new Message(this.#errors, error ? error(report, invalid) : { error: report }, '');
  }

  get name(): string {
    return this.paths[0] ?? '';
  }

  /**
   * Registers a message type that clients send. Messages of a connection are handled in order, one after the other.
   * @param handler gets the checked content and the connection; what it returns is the reply.
   *   It may throw a `HubError` to refuse.
   * @throws StartError when the type is taken.
   */
  on<S extends TSchema>(
    name: string,
    schema: S,
    handler: MessageHandler<Static<S>, D>,
    options: HandlerOptions = {},
  ): this {
    this.#context.assertOpen(`message type "${name}"`);
    const { concurrent = false, summary } = options;
    const type = {
      name,
      plugin: this.plugin,
      schema,
      validate: compile(schema),
      concurrent,
      summary,
      received: 0,
    };
    // The validator stands between the wire and the handler, which is what makes this widening sound.
    this.messages.addIncoming({ ...type, handler: handler as MessageHandler<unknown, unknown> }, this.name);
    this.#context.record.accepts.push(`${this.name} ${name}`);
    return this;
  }

  /**
   * Registers a handler for the messages of every type that has none of its own: its third argument is the type's name, which may
   * be any text. The mailbox, order and errors are those of `on`.
   * @throws StartError when the endpoint has such a handler.
   */
  onOther<S extends TSchema>(
    schema: S,
    handler: MessageHandler<Static<S>, D>,
    options: HandlerOptions = {},
  ): this {
    return this.on(OTHER, schema, handler, options);
  }

  /**
   * Declares a message type that the hub sends.
   * @returns a function that makes such messages, for `connection.send`, `notify` and replies.
   * @throws StartError when the type is taken.
   */
  emits<S extends TSchema>(name: string, schema: S, options: OutgoingOptions): MessageFactory<S> {
    this.#context.assertOpen(`outgoing message type "${name}"`);
    const type = new OutgoingType(this as Endpoint<unknown>, this.plugin, name, schema, options);
    this.messages.addOutgoing(type, this.name);
    this.#context.record.emits.push(`${this.name} ${name}`);
    const make = (content: unknown, key = '') => new Message(type, content, key);
    return Object.assign(make, { type });
  }

  /**
   * The text of a message, once: checked where outgoing messages are, and passed through the `outbound` hook.
   * @throws HubError when a tap of the hook fails or the content does not match: the message is then not sent.
   */
  encode(message: Message): string {
    const { hooks, onInvalidOutgoing } = this.#context;
    let content = message.content;
    if (isTapped(hooks.outbound)) {
      content = hooks.outbound.call({ endpoint: this.name, type: message.type.name, content }).content;
    }
    const text = message.type.encode(content);
    if (onInvalidOutgoing !== undefined && !message.type.validate(JSON.parse(JSON.stringify(content)))) {
      const problem = `message "${message.type.name}" of ${this.name}: ${explain(message.type.validate.errors)}`;
      onInvalidOutgoing(problem);
      throw new HubError('internal', `outgoing ${problem}`);
    }
    return text;
  }
}
