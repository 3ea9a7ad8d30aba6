/** Resource policies: whom they let read. Deny by default. */
import type { Recipient } from '../sessions/recipient.ts';

interface Policy {
  readonly subject: string;
  readonly allows: boolean;
}

/** Names and numbers of the actions that concern reading. */
const READING: ReadonlySet<unknown> = new Set(['READ', 2, 'ANY', 0]);
const ALLOW: ReadonlySet<unknown> = new Set(['allow', 1]);

/**
 * @param text JSON of a list of `{Subject, Action, Effect, JsonConditions?}`.
 * @returns what is about reading. What cannot be read as a policy allows nothing.
 */
export function readPolicies(text: string | undefined): readonly Policy[] {
  let given: unknown;
  try {
    given = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(given)) return [];
  return given.flatMap((one: unknown) => {
    const { Subject, Action, Effect, JsonConditions } = Object(one);
    if (typeof Subject !== 'string' || !READING.has(Action)) return [];
    const allows = ALLOW.has(Effect);
    // Conditions are about a request, and here is none: an allowance under a condition is none, a denial holds.
    const isConditional = JsonConditions !== undefined && JsonConditions !== '';
    return allows && isConditional ? [] : [{ subject: Subject, allows }];
  });
}

/** Whether one policy allows it and none denies it. */
export function mayRead(policies: readonly Policy[], recipient: Recipient): boolean {
  const subjects = subjectsOf(recipient);
  const matching = policies.filter(({ subject }) => subjects.has(subject));
  return matching.length > 0 && matching.every(({ allows }) => allows);
}

function subjectsOf({ user, login, profile, roles }: Recipient): ReadonlySet<string> {
  const subjects = new Set(['*', ...roles.map((role) => `role:${role}`)]);
  for (const name of [user, login]) if (name !== undefined) subjects.add(`user:${name}`);
  if (profile !== undefined) subjects.add(`profile:${profile}`);
  return subjects;
}
