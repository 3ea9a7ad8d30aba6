/** Errors of the routes, in the shape Jac-cloud's clients know from FastAPI: `{"detail": text}` or `{"detail": [{loc, msg, type}]}`. */
import { HubError } from '../../core/index.ts';

/** What is wrong with one place of a request. */
export interface Detail {
  /** The place, from `body` on. */
  readonly loc: readonly string[];
  readonly msg: string;
  /** In the words of pydantic. */
  readonly type: string;
}

/** A field that is not as it must be: 422. */
export class InvalidField extends HubError {
  readonly detail: readonly Detail[];

  constructor(field: string, msg: string, type: string) {
    super('invalid_request', `${field}: ${msg}`, 422);
    this.detail = [{ loc: ['body', field], msg, type }];
  }
}

/** Refused for now: 429 or 503. */
export class TryLater extends HubError {
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter: number;

  /** @param wait ms. */
  constructor(code: string, what: string, status: 429 | 503, wait: number) {
    const seconds = Math.max(1, Math.ceil(wait / 1000));
    super(code, `${what}: try again in ${seconds} s`, status);
    this.retryAfter = seconds;
  }
}

/** The part of Ajv's errors that a detail is made of. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What pydantic says for the keywords that the schemas of the routes use. */
const WORDS: Readonly<Record<string, (limit: unknown) => Pick<Detail, 'msg' | 'type'>>> = {
  type: () => ({ msg: 'Input should be a valid string', type: 'string_type' }),
  minLength: (limit) => tooShort(limit),
  maxLength: (limit) => ({ msg: `String should have at most ${limit} characters`, type: 'string_too_long' }),
};

export function tooShort(limit: unknown): Pick<Detail, 'msg' | 'type'> {
  return { msg: `String should have at least ${limit} characters`, type: 'string_too_short' };
}

/** @param hasBody whether the request had one. */
export function detailOf(error: SchemaError, hasBody: boolean): Detail {
  const { keyword, instancePath, params } = error;
  const loc = ['body', ...instancePath.split('/').slice(1)];
  if (keyword === 'required') {
    return { loc: [...loc, String(params.missingProperty)], msg: 'Field required', type: 'missing' };
  }
  if (loc.length === 1) {
    return hasBody
      ? { loc, msg: 'Input should be a valid object', type: 'model_attributes_type' }
      : { loc, msg: 'Field required', type: 'missing' };
  }
  const words = WORDS[keyword]?.(params.limit);
  return { loc, msg: 'Input is not valid', type: 'value_error', ...words };
}
