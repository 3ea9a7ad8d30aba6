/** A walker file cannot be used: what is wrong, for the one who wrote it, with `file:line:column` in front. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** @param path within the folder of the walkers. */
export function sourceError(path: string, message: string, at?: Position): SourceError {
  return new SourceError(
    `walkers/${path}${at === undefined ? '' : `:${at.line}:${at.column + 1}`}: ${message}`,
  );
}

export interface Position {
  /** The first is 1. */
  readonly line: number;
  /** The first is 0, as parsers count. */
  readonly column: number;
}
