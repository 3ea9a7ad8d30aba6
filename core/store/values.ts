/** From values to the JSON text that is stored, and back: the same in every driver. */
import { messageOf } from '../errors.ts';
import { toJsonText } from '../json.ts';
import { checkId } from './ids.ts';
import type { Condition } from './port.ts';

/**
 * @param id names the value in the error.
 * @throws TypeError when the value has no JSON form.
 */
export function encode(value: unknown, id: string): string {
  let text: string | undefined;
  let reason = `found ${typeof value}`;
  try {
    text = toJsonText(value); // undefined for undefined, functions and symbols
  } catch (error) {
    reason = messageOf(error);
  }
  if (text !== undefined) return text;
  throw new TypeError(`value of ${JSON.stringify(id)}: expected something that JSON can hold: ${reason}`);
}

/**
 * The text a document must be stored as; undefined: there must be none.
 * @throws TypeError when the id is not one the port allows, or the value has no JSON form.
 */
export function conditionText({ id, value }: Condition<unknown>): string | undefined {
  checkId(id, 'id');
  return value === undefined ? undefined : encode(value, id);
}

/**
 * @param where names the value in the error.
 * @throws Error when the stored text is not JSON.
 */
export function decode<T>(text: string, where: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where} is not valid JSON in the store`, { cause });
  }
}

/** @throws TypeError when a function that must be synchronous returned a promise, which would be stored as `{}`. */
export function checkSynchronous(returned: unknown): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return;
  if (typeof returned.then !== 'function') return;
  Promise.resolve(returned).catch(() => {}); // what it would reject with is not the error to report
  throw new TypeError('change: expected a synchronous function, found one that returns a promise');
}
