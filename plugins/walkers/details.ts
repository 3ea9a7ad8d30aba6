/** What is wrong with a request or an event, in the form that clients of Jac-cloud know from its Python library. */
import type { ErrorObject } from '../../core/index.ts';
import type { FieldError } from './runtime/run.ts';

/** By JSON schema type: what the library says instead. */
const TYPES: Readonly<Record<string, readonly [type: string, msg: string]>> = {
  string: ['string_type', 'Input should be a valid string'],
  boolean: ['bool_type', 'Input should be a valid boolean'],
  integer: ['int_type', 'Input should be a valid integer'],
  number: ['float_type', 'Input should be a valid number'],
  object: ['dict_type', 'Input should be a valid dictionary'],
  array: ['list_type', 'Input should be a valid list'],
};

/** @param at where the checked value was, such as `['body']`. */
export function detailsOf(errors: readonly ErrorObject[], at: readonly string[]): readonly FieldError[] {
  const isChoice = ({ keyword }: ErrorObject) => keyword === 'anyOf';
  // What each of several alternatives found, is said once by the choice between them.
  const choices = errors.filter(isChoice).map(({ instancePath }) => instancePath);
  return errors
    .filter((error) => isChoice(error) || !choices.includes(error.instancePath))
    .map((error) => detailOf(error, at));
}

function detailOf(
  { keyword, params, message = '', instancePath }: ErrorObject,
  at: readonly string[],
): FieldError {
  const loc = [...at, ...segmentsOf(instancePath)];
  if (keyword === 'required') {
    return { loc: [...loc, String(params.missingProperty)], msg: 'Field required', type: 'missing' };
  }
  const known = keyword === 'type' ? TYPES[String(params.type)] : undefined;
  if (known !== undefined) return { loc, msg: known[1], type: known[0] };
  if (keyword === 'minItems' || keyword === 'maxItems') {
    const isShort = keyword === 'minItems';
    const msg = `List should have at ${isShort ? 'least' : 'most'} ${params.limit} items`;
    return { loc, msg, type: isShort ? 'too_short' : 'too_long' };
  }
  return { loc, msg: `Input ${message}`, type: keyword === 'anyOf' ? 'union_error' : 'value_error' };
}

/** The parts of a JSON pointer; numbers are indexes. */
function segmentsOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment));
}
