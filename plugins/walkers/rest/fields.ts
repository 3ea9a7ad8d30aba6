/** The fields of a walker from the parts of a request. */
import type { FastifyRequest } from 'fastify';
import type { Detail } from '../details.ts';
import type { LoadedWalker } from '../runtime/library.ts';
import type { FieldError } from '../runtime/run.ts';
import { settableFields } from '../serving.ts';
import { coerce } from './coerce.ts';
import { InvalidRequest } from './errors.ts';

/** Methods whose requests have no body: everything is in the query. */
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface Fields {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each field was looked for: `path`, `query` or `body`. */
  readonly where: (name: string) => string;
}

/** What a form or a JSON body holds. Text of a form stands for whatever its field is. */
export interface Body {
  readonly values: Readonly<Record<string, unknown>>;
  readonly isForm: boolean;
}

/** Whether a field is taken from the query. */
export function isInQuery({ specs }: LoadedWalker, method: string, name: string): boolean {
  return WITHOUT_BODY.has(method) || specs.as_query === '*' || specs.as_query.includes(name);
}

/** @param inPath fields that the path binds, as text. */
export function fieldsOf(
  walker: LoadedWalker,
  { method, query }: FastifyRequest,
  inPath: Readonly<Record<string, string>>,
  body: Body,
): Fields {
  const schemas = propertiesOf(walker.has);
  const given = isRecord(query) ? query : {};
  const values: Record<string, unknown> = {};
  const where = (name: string) => {
    if (Object.hasOwn(inPath, name)) return 'path';
    return isInQuery(walker, method, name) ? 'query' : 'body';
  };
  const sources = { path: inPath, query: given, body: body.values };
  for (const [name, schema] of Object.entries(schemas)) {
    const source = where(name);
    const from: Readonly<Record<string, unknown>> = sources[source];
    if (!Object.hasOwn(from, name)) continue;
    const value = from[name];
    const isText = source !== 'body' || body.isForm;
    values[name] = isText && isTexts(value) ? coerce(schema, value) : value;
  }
  return { values: settableFields(walker, values), where };
}

/** A body that was parsed as JSON; none is the same as `{}`. @throws InvalidRequest when it is no object. */
export function jsonBody(body: unknown): Body {
  if (body === undefined || body === null) return { values: {}, isForm: false };
  if (isRecord(body)) return { values: body, isForm: false };
  throw new InvalidRequest([{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]);
}

/** What the walker said of its fields, with where they were in the request. */
export function located(errors: readonly FieldError[], { where }: Fields): readonly Detail[] {
  return errors.map(({ loc, msg, type }) => ({ loc: [where(String(loc[0])), ...loc], msg, type }));
}

/** Schemas of the fields. */
export function propertiesOf(has: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(has.properties) ? has.properties : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}
