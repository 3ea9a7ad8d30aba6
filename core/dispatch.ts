/** The way of a message, from bytes to its handler and the reply. Straight down; no promise where nothing waits. */
import { CLOSE_CODES } from './close-codes.ts';
import { contentOf, decodeMessage, decodeText } from './codec.ts';
import type { Endpoint } from './endpoint.ts';
import { HubError, messageOf } from './errors.ts';
import type { Failures } from './failures.ts';
import { type HookPoints, type InboundMessage, isPromise, isTapped } from './hooks.ts';
import { TokenBucket } from './limits.ts';
import type { LiveConnection } from './live-connection.ts';
import { Mailbox } from './mailbox.ts';
import { type IncomingType, Message, OTHER, type Reply } from './messages.ts';
import { explain } from './schema.ts';

/** Characters of a type's name that are told back: where types of any name are taken, a client chooses it. */
const MAX_REF = 60;

export class Dispatcher {
  readonly #hooks: HookPoints;
  readonly #failures: Failures;
  /** While draining, nothing more is taken on. */
  #stopped = false;

  constructor(hooks: HookPoints, failures: Failures) {
    this.#hooks = hooks;
    this.#failures = failures;
  }

  /** Messages that arrive from now on are ignored: their senders will be told to reconnect. */
  stop(): void {
    this.#stopped = true;
  }

  receive(connection: LiveConnection, data: ArrayBuffer, isBinary: boolean): void {
    if (this.#stopped) return;
    const { endpoint } = connection;
    if (!this.#admit(connection, endpoint, data.byteLength)) return;
    let type: IncomingType | undefined;
    let name = '';
    try {
      const text = decodeText(data, isBinary);
      const message = decodeMessage(text, endpoint.options.envelope);
      const named = nameOf(message, endpoint);
      if (named === undefined) return;
      name = named;
      type = findType(name, endpoint);
      if (type === undefined) return;
      let content = contentOf(message, endpoint.options.envelope);
      if (!type.validate(content)) {
        const invalid = type.validate.errors ?? [];
        const message = explain(invalid);
        connection.sendError({ code: 'invalid_message', message, ref: name.slice(0, MAX_REF) }, invalid);
        return;
      }
      type.received++;
      if (isTapped(this.#hooks.inbound) || isTapped(this.#hooks.authorizeMessage)) {
        content = this.#passHooks({ connection, type: name, content });
      }
      this.#deliver(connection, type, name, content);
    } catch (error) {
      this.#refuse(connection, error, type, name);
    }
  }

  /** Size and rate: what is checked before anything is parsed. */
  #admit(connection: LiveConnection, endpoint: Endpoint<unknown>, bytes: number): boolean {
    const { limits } = endpoint;
    const now = performance.now();
    connection.bucket ??= new TokenBucket(limits.burst, now);
    if (!connection.bucket.take(limits, now)) {
      if (++connection.refusals > limits.refusals) connection.closeFor('rateLimited');
      else {
        const left = limits.refusals - connection.refusals;
        const message = `at most ${limits.messagesPerSecond} messages per second; this one was not handled, ${left} more are tolerated before the connection is closed`;
        connection.sendError({ code: 'rate_limited', message });
      }
      return false;
    }
    // Not back to none: a flood, too, has one message accepted now and then.
    if (connection.refusals > 0) connection.refusals--;
    if (bytes <= limits.messageBytes) return true;
    const message = `the message has ${bytes} bytes, at most ${limits.messageBytes} are accepted`;
    connection.sendError({ code: 'message_too_large', message });
    return false;
  }

  #passHooks(message: InboundMessage): unknown {
    const inbound = this.#hooks.inbound.call(message);
    const verdict = this.#hooks.authorizeMessage.call(inbound);
    if (typeof verdict === 'object') throw new HubError('forbidden', verdict.deny);
    return inbound.content;
  }

  #deliver(connection: LiveConnection, type: IncomingType, name: string, content: unknown): void {
    const mailbox = connection.mailbox;
    if (mailbox === undefined || mailbox.isFree) {
      if (mailbox !== undefined) this.#assertRoom(mailbox, connection);
      const pending = this.#run(connection, type, name, content);
      if (pending === undefined) return;
      connection.mailbox ??= new Mailbox();
      connection.mailbox.occupy(pending, type.concurrent);
      return;
    }
    this.#assertRoom(mailbox, connection);
    mailbox.push(() => this.#run(connection, type, name, content), type.concurrent);
  }

  #assertRoom(mailbox: Mailbox, { endpoint }: LiveConnection): void {
    if (mailbox.size < endpoint.limits.mailbox) return;
    throw new HubError('mailbox_full', `${mailbox.size} messages wait already; this one was not handled`);
  }

  /** @returns a promise, which never rejects, only when the handler returned one. */
  #run(
    connection: LiveConnection,
    type: IncomingType,
    name: string,
    content: unknown,
  ): undefined | Promise<void> {
    if (!connection.isOpen) return undefined;
    try {
      const reply = type.handler(content, connection, name);
      if (isPromise(reply)) return this.#finish(connection, type, name, reply);
      this.#reply(connection, reply);
    } catch (error) {
      this.#refuse(connection, error, type, name);
    }
    return undefined;
  }

  #finish(
    connection: LiveConnection,
    type: IncomingType,
    name: string,
    pending: Promise<Reply>,
  ): Promise<void> {
    const refuse = (error: unknown) => this.#refuse(connection, error, type, name);
    return pending.then((reply) => {
      try {
        this.#reply(connection, reply);
      } catch (error) {
        refuse(error);
      }
    }, refuse);
  }

  #reply(connection: LiveConnection, reply: Reply): void {
    if (reply === undefined) return;
    if (!(reply instanceof Message)) {
      throw new TypeError('a handler must return a message made by emits(), or nothing');
    }
    connection.send(reply);
  }

  /** Tells the client why its message failed; what is not meant for it stays in the log. */
  #refuse(connection: LiveConnection, error: unknown, type: IncomingType | undefined, name: string): void {
    const ref = type === undefined ? {} : { ref: name.slice(0, MAX_REF) };
    const { endpoint } = connection;
    if (error instanceof HubError && error.code !== 'internal') {
      connection.sendError({ code: error.code, message: error.message, ...ref });
    } else {
      const where = type === undefined ? 'reading a message' : `message "${type.name}"`;
      const traceId = this.#failures.report(type?.plugin ?? endpoint.plugin, where, error);
      const message = 'the hub failed to handle this message';
      connection.sendError({ code: 'internal', message, ...ref, traceId });
    }
    const unreadable = error instanceof HubError && error.code === 'invalid_json';
    if (unreadable && endpoint.options.envelope.invalid === 'close') {
      connection.close(CLOSE_CODES.invalidMessage.code, messageOf(error).slice(0, 100));
    }
  }
}

/** @returns undefined when the endpoint ignores such messages. @throws HubError `invalid_json` when the message has no name. */
function nameOf(message: Record<string, unknown>, { options }: Endpoint<unknown>): string | undefined {
  const { envelope } = options;
  const field = message[envelope.type];
  if (typeof field === 'string') return field;
  const name = envelope.typeOf?.(message);
  if (name !== undefined || envelope.unknown === 'ignore') return name;
  throw new HubError('invalid_json', `the field "${envelope.type}" must be a string`);
}

/** @returns undefined when the endpoint ignores unknown types. @throws HubError `unknown_type`. */
function findType(name: string, endpoint: Endpoint<unknown>): IncomingType | undefined {
  const { incoming } = endpoint.messages;
  const type = incoming.get(name) ?? incoming.get(OTHER);
  if (type === undefined && endpoint.options.envelope.unknown !== 'ignore') {
    throw new HubError(
      'unknown_type',
      `"${name.slice(0, MAX_REF)}" is not a message type of ${endpoint.name}`,
    );
  }
  return type;
}
