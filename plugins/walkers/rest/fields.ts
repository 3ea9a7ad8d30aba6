/** The fields of a walker from the parts of a request. */
import type { FastifyRequest } from 'fastify';
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

/** The part of a form that clients of Jac-cloud put all fields into that are no files, in JSON. */
const JSON_PART = 'body';

/** Whether a field is taken from the query. */
export function isInQuery({ specs }: LoadedWalker, method: string, name: string): boolean {
  return WITHOUT_BODY.has(method) || specs.as_query === '*' || specs.as_query.includes(name);
}

/**
 * @param inPath fields that the path binds, as text.
 * @throws InvalidRequest when the part `body` of a form is no JSON.
 */
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
  const hasJsonPart = body.isForm && !Object.hasOwn(schemas, JSON_PART) && JSON_PART in body.values;
  if (hasJsonPart) {
    const inBody = Object.keys(schemas).filter((name) => where(name) === 'body');
    Object.assign(values, jsonPart(body.values[JSON_PART], inBody));
  }
  for (const [name, schema] of Object.entries(schemas)) {
    const source = where(name);
    const from: Readonly<Record<string, unknown>> = sources[source];
    if (!Object.hasOwn(from, name)) continue;
    const value = from[name];
    const isText = source !== 'body' || body.isForm;
    // What a browser sends for a file that nobody chose.
    if (body.isForm && value === '' && isFile(schema)) continue;
    if (isText && isTexts(value)) values[name] = coerce(schema, value);
    // Of a list of files, only one was sent.
    else values[name] = body.isForm && isRecord(value) && isList(schema) ? [value] : value;
  }
  return { values: settableFields(walker, values), where };
}

/** @param part text, or a file, which is what some clients make of a part with a media type. */
function jsonPart(part: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  const loc = [JSON_PART];
  const text = isRecord(part) ? Buffer.from(String(part.bytes), 'base64').toString() : String(part);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InvalidRequest([{ loc, msg: 'the part body is no JSON', type: 'json_invalid' }]);
  }
  const { values } = jsonBody(parsed);
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

/** A body that was parsed as JSON; none is the same as `{}`. @throws InvalidRequest when it is no object. */
export function jsonBody(body: unknown): Body {
  if (body === undefined || body === null) return { values: {}, isForm: false };
  if (isRecord(body)) return { values: body, isForm: false };
  throw new InvalidRequest([{ loc: ['body'], msg: 'Input should be a valid dictionary', type: 'dict_type' }]);
}

/** What the walker said of its fields, with where they were in the request. */
export function located(errors: readonly FieldError[], { where }: Fields): readonly FieldError[] {
  return errors.map(({ loc, msg, type }) => ({ loc: [where(String(loc[0])), ...loc], msg, type }));
}

/** Schemas of the fields. */
export function propertiesOf(has: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(has.properties) ? has.properties : {};
}

/** Whether a schema is that of an uploaded file. */
export function isFile(schema: unknown): boolean {
  return isRecord(schema) && 'x-max-bytes' in schema;
}

function isList(schema: unknown): boolean {
  return isRecord(schema) && schema.type === 'array';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}
