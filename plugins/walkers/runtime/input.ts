/** What a run starts from, as text for the child. */
import type { RunRequest } from './run.ts';

/** Characters of both together. */
const MOST_INPUT = 32_000_000;
/** JSON of what the runs of a connection have in common: its client and its user, which do not change. */
const texts = new WeakMap<object, string>();

export interface RunText {
  readonly input: string;
  /** What the walker sees as `user`, `client` and `event`: apart, because few walkers look. */
  readonly who: string;
}

/** @returns undefined when it is too much. */
export function runText(request: RunRequest): RunText | undefined {
  const { walker, fields, node, root, user, client, event, now } = request;
  const clock = now === undefined ? '' : `,"now":${now}`;
  const input = `{"walker":${fresh(walker)},"fields":${fresh(fields)},"node":${fresh(node)},"root":${fresh(root)}${clock}}`;
  const textOf = client === null ? fresh : known;
  const who = `{"user":${textOf(user)},"client":${textOf(client)},"event":${fresh(event)}}`;
  return input.length + who.length > MOST_INPUT ? undefined : { input, who };
}

function fresh(value: unknown): string {
  return JSON.stringify(value ?? null);
}

function known(value: unknown): string {
  if (typeof value !== 'object' || value === null) return fresh(value);
  let text = texts.get(value);
  if (text === undefined) {
    text = fresh(value);
    texts.set(value, text);
  }
  return text;
}
