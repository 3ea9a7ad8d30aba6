/** What WebSocket and HTTP have in common when they serve a walker. */
import { JsonText } from '../../core/index.ts';
import type { LoadedWalker } from './runtime/library.ts';
import type { RunDone } from './runtime/run.ts';

/** Why the walker cannot start there; undefined: it can. @param node undefined: on the root. */
export function entryProblem({ specs }: LoadedWalker, node: string | undefined): string | undefined {
  if (specs.entry_type === 'ROOT' && node !== undefined) return 'can only start on the root';
  if (specs.entry_type === 'NODE' && node === undefined) return 'needs a node to start on';
  return undefined;
}

/** What a caller gave, without the fields that no caller may set. */
export function settableFields(
  { specs }: LoadedWalker,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { excluded } = specs;
  if (excluded === '*') return {};
  if (excluded.length === 0) return given;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !excluded.includes(name)));
}

export interface WalkerAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What the caller of a walker that ended well is told. */
export function answerOf({ specs }: LoadedWalker, { reports, reply }: RunDone): WalkerAnswer {
  const status = reply?.status ?? specs.status_code;
  if (reply !== undefined && 'body' in reply) return { status, body: reply.body };
  // The text of the reports is passed on as it is.
  return { status, body: new JsonText(`{"status":${status},"reports":${reports.text}}`) };
}
