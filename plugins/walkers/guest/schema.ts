/** `Type` of hub:walker: builds the JSON schema that TypeBox would, small enough to be made anew in every run. */

/** What this library knows about a schema beyond JSON schema. Symbols, so that it does not show in the JSON. */
const OPTIONAL = Symbol('optional');
const VALUES = Symbol('values');

/** A JSON schema; only the keywords that `Type` can make are looked at. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  /** Marks an uploaded file, and says how large it may be. */
  readonly 'x-max-bytes'?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly [OPTIONAL]?: true;
  readonly [VALUES]?: Names;
}

/** Names of an enumeration with their values. A list, not a map: what is frozen, nobody changes. */
type Names = readonly (readonly [name: string, value: unknown])[];

export type Fields = Readonly<Record<string, Schema>>;
type Options = Readonly<Record<string, unknown>>;

/** Bytes of a file, when a walker says nothing else. */
const MOST_FILE_BYTES = 1_000_000;

const plain = (type: string) => (options?: Options) => ({ ...options, type });

export const Type = {
  String: plain('string'),
  Integer: plain('integer'),
  Number: plain('number'),
  Boolean: plain('boolean'),
  Null: plain('null'),
  Any: (options?: Options) => ({ ...options }),
  Literal: (value: string | number | boolean, options?: Options) => ({
    ...options,
    type: typeof value,
    const: value,
  }),
  Array: (items: Schema, options?: Options) => ({ ...options, type: 'array', items }),
  /** Keys are strings. In JSON: an object whose every value matches. */
  Record: (_key: Schema, value: Schema, options?: Options) => ({
    ...options,
    type: 'object',
    additionalProperties: value,
  }),
  Object: (properties: Fields, options?: Options) => ({ ...options, ...objectSchema(properties) }),
  /** An uploaded file. Type and size may be left out: a client that has only name and content need not find them out. */
  File: ({ maxBytes = MOST_FILE_BYTES, ...options }: { readonly maxBytes?: number } = {}) => ({
    ...options,
    type: 'object',
    properties: {
      name: { type: 'string' },
      type: { type: 'string', default: 'application/octet-stream' },
      size: { type: 'integer', minimum: 0, maximum: maxBytes },
      bytes: { type: 'string', contentEncoding: 'base64' },
    },
    required: ['name', 'bytes'],
    'x-max-bytes': maxBytes,
  }),
  Union: (anyOf: readonly Schema[], options?: Options) => ({ ...options, anyOf }),
  Optional: (schema: Schema) => ({ ...schema, [OPTIONAL]: true }),
  Enum: enumeration,
};

/** From a list of values, or from names with values: then JSON shows the names and the walker works with the values. */
function enumeration(values: readonly unknown[] | Options, options?: Options): Schema {
  if (Array.isArray(values)) return { ...options, enum: values };
  const entries = Object.entries(values);
  return {
    ...options,
    ...(options !== undefined && 'default' in options && { default: nameOf(entries, options.default) }),
    enum: entries.map(([name]) => name),
    [VALUES]: entries,
  };
}

function nameOf(entries: Names, value: unknown): unknown {
  return entries.find(([, candidate]) => candidate === value)?.[0] ?? value;
}

/** The schema of an object with these fields. Required are those that are neither optional nor have a default. */
export function objectSchema(properties: Fields): Schema {
  const required = Object.keys(properties).filter((name) => {
    const field = properties[name];
    return field?.[OPTIONAL] !== true && field?.default === undefined;
  });
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

export function isOptional(schema: Schema): boolean {
  return schema[OPTIONAL] === true;
}

/** Names and values of an enum made from names with values. */
export function enumValues(schema: Schema): Names | undefined {
  return schema[VALUES];
}

/** Whether values of it look different in JSON than in the walker: somewhere in it is an enum of names with values. */
export function hasNames(schema: Schema): boolean {
  if (schema[VALUES] !== undefined) return true;
  const { properties = {}, items, anyOf = [], additionalProperties: rest } = schema;
  const inner = [...Object.values(properties), ...anyOf];
  if (items !== undefined) inner.push(items);
  if (typeof rest === 'object') inner.push(rest);
  return inner.some(hasNames);
}

/** A value of the walker as JSON shows it: enums by their names. */
export function withNames(schema: Schema, value: unknown): unknown {
  const values = schema[VALUES];
  if (values !== undefined) return nameOf(values, value);
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withNames(items, item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const { properties = {}, additionalProperties: rest } = schema;
  const shown: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const inner = properties[name] ?? (typeof rest === 'object' ? rest : undefined);
    shown[name] = inner === undefined ? field : withNames(inner, field);
  }
  return shown;
}
