/**
 * The work of a typed message and nothing else: parse, look up, validate, handle, stringify. The hub does the same
 * with everything that makes it a hub around it; the ratio between both is what the hub costs.
 */
import { Ajv } from 'ajv';
import type { Static, TSchema } from 'typebox';

const ajv = new Ajv();

/** @returns a function that hands its argument back as the schema's type, or throws a TypeError. */
export function checker<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const validate = ajv.compile<Static<S>>(schema);
  return (value) => {
    if (!validate(value)) throw new TypeError(ajv.errorsText(validate.errors));
    return value;
  };
}

interface Reply {
  readonly type: string;
  readonly content: unknown;
}

/** Message types by name, for connections of type C. */
export class MessageTypes<C> {
  readonly #types = new Map<string, (content: unknown, connection: C) => Reply | undefined>();

  on<S extends TSchema>(
    type: string,
    schema: S,
    handle: (content: Static<S>, connection: C) => Reply | undefined,
  ): this {
    const check = checker(schema);
    this.#types.set(type, (content, connection) => handle(check(content), connection));
    return this;
  }

  /** @returns the text of the reply; undefined when there is none. */
  receive(text: string, connection: C): string | undefined {
    const message: { type: string; content: unknown } = JSON.parse(text);
    const handle = this.#types.get(message.type);
    if (handle === undefined) throw new TypeError(`unknown type ${message.type}`);
    const reply = handle(message.content, connection);
    return reply === undefined ? undefined : JSON.stringify(reply);
  }
}
