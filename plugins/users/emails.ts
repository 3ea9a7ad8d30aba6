/** E-mail addresses: what passes for one, and when two are the same. */
import { InvalidField } from './details.ts';

/** RFC 5321, 4.5.3.1.3: a path has 256 bytes, its brackets included. */
export const MAX_EMAIL = 254;
/** One `@` with something on both sides; no spaces, nor characters that are not seen or not characters. */
const EMAIL = /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u;

/** The address as it is kept and shown. @throws InvalidField */
export function readEmail(text: string): string {
  const email = text.normalize('NFC').trim();
  if (EMAIL.test(email) && email.length <= MAX_EMAIL) return email;
  throw new InvalidField('email', 'value is not a valid email address', 'value_error');
}

/**
 * What an account is found by: the same for addresses that differ in case, spaces around, or composition. Also takes
 * what is no address, such as what somebody types into a form.
 */
export function emailKey(text: string): string {
  return text.toWellFormed().normalize('NFC').trim().toLowerCase().normalize('NFC');
}
