/** Values that came as text (in a path, a query or a form), as what the schema of their field says they are. */

interface FieldSchema {
  readonly type?: unknown;
  readonly items?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly unknown[];
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/**
 * @param given one text, or those of a name that was given several times.
 * @returns text as it is where it stands for no such value: the check of the fields then says what is wrong.
 */
export function coerce(schema: unknown, given: string | readonly string[]): unknown {
  const { type, items, anyOf } = asSchema(schema);
  if (type === 'array') {
    const texts = typeof given === 'string' ? [given] : given;
    const [only = ''] = texts;
    if (texts.length === 1 && only.startsWith('[')) return parsed(only);
    return texts.map((text) => coerce(items, text));
  }
  const text = typeof given === 'string' ? given : (given.at(-1) ?? '');
  if (anyOf !== undefined) {
    const values = anyOf.map((one) => coerce(one, text));
    return values.find((value) => value !== text) ?? text;
  }
  return coerceOne(asSchema(schema), text);
}

function coerceOne(schema: FieldSchema, text: string): unknown {
  const { type, enum: choices = 'const' in schema ? [schema.const] : undefined } = schema;
  if (choices !== undefined) return choices.find((choice) => String(choice) === text) ?? text;
  switch (type) {
    case 'integer':
    case 'number':
      return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return BOOLEANS.get(text.toLowerCase()) ?? text;
    case 'null':
      return text === 'null' ? null : text;
    case 'object':
      return parsed(text);
    default:
      return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function asSchema(schema: unknown): FieldSchema {
  return typeof schema === 'object' && schema !== null ? schema : {};
}
