/** Checks values against the schemas of fields, fills in defaults and turns the names of enums into their values. */
import type { FieldError } from '../runtime/run.ts';
import { enumValues, type Fields, isOptional, type Schema } from './schema.ts';

/** More are not listed. */
const MOST_ERRORS = 20;

/** Collects what is wrong on the way. */
class Findings {
  readonly errors: FieldError[] = [];
  add(loc: readonly (string | number)[], msg: string, type: string): void {
    if (this.errors.length < MOST_ERRORS) this.errors.push({ loc, msg, type });
  }
}

/**
 * The fields of a walker, node or edge from given values. Names without a schema are left out.
 * @returns the completed values, and what is wrong with them (empty: nothing).
 */
export function completeFields(fields: Fields, given: Readonly<Record<string, unknown>>) {
  const findings = new Findings();
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const schema = fields[name];
    if (schema === undefined) continue;
    const value = completed(schema, ownValue(given, name), [name], findings);
    if (value !== undefined) values[name] = value;
  }
  return { values, errors: findings.errors };
}

/** What is wrong with one value; an empty list when nothing is. */
export function checkValue(name: string, schema: Schema, value: unknown): readonly FieldError[] {
  const findings = new Findings();
  completed(schema, value, [name], findings);
  return findings.errors;
}

function ownValue(holder: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

function completed(
  schema: Schema,
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): unknown {
  if (value === undefined) {
    if (schema.default !== undefined) return withValues(schema, copyOf(schema.default));
    if (!isOptional(schema)) findings.add(loc, 'Field required', 'missing');
    return undefined;
  }
  if (schema.anyOf !== undefined) return completedUnion(schema.anyOf, value, loc, findings);
  const values = enumValues(schema);
  if (values !== undefined || schema.enum !== undefined) {
    const known = withValues(schema, value);
    if (values === undefined ? schema.enum?.includes(value) : values.some(([, one]) => one === known))
      return known;
    findings.add(loc, `Input should be one of ${list(schema.enum ?? [])}`, 'enum');
    return value;
  }
  if (schema.const !== undefined && value !== schema.const) {
    findings.add(loc, `Input should be ${list([schema.const])}`, 'literal_error');
    return value;
  }
  const mostBytes = schema['x-max-bytes'];
  if (mostBytes !== undefined) return completedFile(mostBytes, value, loc, findings);
  switch (schema.type) {
    case 'string':
      checkString(schema, value, loc, findings);
      return value;
    case 'integer':
    case 'number':
      checkNumber(schema, value, loc, findings);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') findings.add(loc, 'Input should be a valid boolean', 'bool_type');
      return value;
    case 'null':
      if (value !== null) findings.add(loc, 'Input should be null', 'none_required');
      return value;
    case 'array':
      return completedArray(schema, value, loc, findings);
    case 'object':
      return completedObject(schema, value, loc, findings);
    default:
      return value;
  }
}

/** The value of an enum's name; anything else stays what it is. */
function withValues(schema: Schema, value: unknown): unknown {
  const values = enumValues(schema);
  const named = values?.find(([name]) => name === value);
  return named === undefined ? value : named[1];
}

/** The first alternative that fits decides. */
function completedUnion(
  alternatives: readonly Schema[],
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): unknown {
  for (const alternative of alternatives) {
    const attempt = new Findings();
    const result = completed(alternative, value, loc, attempt);
    if (attempt.errors.length === 0) return result;
  }
  findings.add(loc, 'Input matches none of the alternatives', 'union_error');
  return value;
}

function checkString(
  schema: Schema,
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): void {
  if (typeof value !== 'string') {
    findings.add(loc, 'Input should be a valid string', 'string_type');
    return;
  }
  const { minLength, maxLength, pattern } = schema;
  if (minLength !== undefined && value.length < minLength)
    findings.add(loc, `String should have at least ${minLength} characters`, 'string_too_short');
  if (maxLength !== undefined && value.length > maxLength)
    findings.add(loc, `String should have at most ${maxLength} characters`, 'string_too_long');
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    findings.add(loc, `String should match pattern '${pattern}'`, 'string_pattern_mismatch');
}

function checkNumber(
  schema: Schema,
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): void {
  const whole = schema.type === 'integer';
  if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    if (whole) findings.add(loc, 'Input should be a valid integer', 'int_type');
    else findings.add(loc, 'Input should be a valid number', 'float_type');
    return;
  }
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (minimum !== undefined && value < minimum)
    findings.add(loc, `Input should be greater than or equal to ${minimum}`, 'greater_than_equal');
  if (maximum !== undefined && value > maximum)
    findings.add(loc, `Input should be less than or equal to ${maximum}`, 'less_than_equal');
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
    findings.add(loc, `Input should be greater than ${exclusiveMinimum}`, 'greater_than');
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum)
    findings.add(loc, `Input should be less than ${exclusiveMaximum}`, 'less_than');
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    findings.add(loc, `Input should be a multiple of ${multipleOf}`, 'multiple_of');
}

function completedArray(
  schema: Schema,
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): unknown {
  if (!Array.isArray(value)) {
    findings.add(loc, 'Input should be a valid list', 'list_type');
    return value;
  }
  const { items, minItems, maxItems, uniqueItems } = schema;
  if (minItems !== undefined && value.length < minItems)
    findings.add(loc, `List should have at least ${minItems} items`, 'too_short');
  if (maxItems !== undefined && value.length > maxItems) {
    findings.add(loc, `List should have at most ${maxItems} items`, 'too_long');
    return value;
  }
  if (uniqueItems === true && new Set(value.map((item) => JSON.stringify(item))).size < value.length)
    findings.add(loc, 'List should have no item twice', 'unique_items');
  if (items === undefined) return value;
  let result: unknown[] = value;
  for (let i = 0; i < value.length; i++) {
    const item = completed(items, value[i], [...loc, i], findings);
    if (item === value[i]) continue;
    if (result === value) result = [...value];
    result[i] = item;
  }
  return result;
}

function completedObject(
  schema: Schema,
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.add(loc, 'Input should be a valid dictionary', 'dict_type');
    return value;
  }
  const given: Record<string, unknown> = { ...value };
  const { properties = {}, additionalProperties: rest, minProperties, maxProperties } = schema;
  for (const [name, field] of Object.entries(properties)) {
    const result = completed(field, ownValue(given, name), [...loc, name], findings);
    if (result !== undefined) given[name] = result;
  }
  const names = Object.keys(given);
  if (minProperties !== undefined && names.length < minProperties)
    findings.add(loc, `Dictionary should have at least ${minProperties} items`, 'too_short');
  if (maxProperties !== undefined && names.length > maxProperties)
    findings.add(loc, `Dictionary should have at most ${maxProperties} items`, 'too_long');
  if (rest === undefined || rest === true) return given;
  for (const name of names) {
    if (Object.hasOwn(properties, name)) continue;
    if (rest === false) findings.add([...loc, name], 'Extra inputs are not permitted', 'extra_forbidden');
    else given[name] = completed(rest, given[name], [...loc, name], findings);
  }
  return given;
}

const FILE_TYPE = 'application/octet-stream';

/** A file whose size is that of its content, whatever the sender says. */
function completedFile(
  mostBytes: number,
  value: unknown,
  loc: readonly (string | number)[],
  findings: Findings,
): unknown {
  const given: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  const { name, type = FILE_TYPE, bytes } = given;
  if (typeof name !== 'string' || typeof type !== 'string' || typeof bytes !== 'string') {
    findings.add(loc, 'Input should be a file: its name, its type and its bytes in base64', 'file_type');
    return value;
  }
  const size = base64Size(bytes);
  if (size === undefined) findings.add([...loc, 'bytes'], 'Input should be base64', 'base64_type');
  else if (size > mostBytes)
    findings.add(loc, `File should have at most ${mostBytes} bytes, it has ${size}`, 'file_too_large');
  return { name, type, size, bytes };
}

/** Bytes that text in base64 stands for; undefined: it is none. */
function base64Size(text: string): number | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

function copyOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

function list(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}
