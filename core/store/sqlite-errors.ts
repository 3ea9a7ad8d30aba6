/** What SQLite's result codes mean to somebody who runs a hub. https://www.sqlite.org/rescode.html */
const MEANINGS: Readonly<Record<number, string>> = {
  5: 'another process kept it locked for too long',
  6: 'another process kept it locked for too long',
  8: 'it is not writable',
  10: 'reading or writing it failed; is the disk full or failing?',
  11: 'it is damaged; restore it from a backup',
  13: 'the disk is full',
  14: 'it cannot be opened',
  26: 'it is damaged or no SQLite database; move it away or restore it from a backup',
};

/** Names the file and the meaning in an error of node:sqlite. Every other error is returned as it is. */
export function explain(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  const meaning = MEANINGS[error.errcode & 0xff]; // the upper bits are details
  return new Error(`${file}: ${meaning === undefined ? '' : `${meaning}: `}${error.message}`, {
    cause: error,
  });
}
