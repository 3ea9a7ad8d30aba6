/** What was recorded, of all sensors together. */
import type { Series } from '../field.ts';
import type { FoundRow, History, Row } from '../history.ts';

/** Rows of a series read at once. */
const PAGE = 500;

/** Rows of all series in the order in which they arrived. @param from Unix ms. @param to Unix ms, exclusive. */
export async function* inOrder(
  history: History,
  all: readonly Series[],
  from: number,
  to: number,
): AsyncGenerator<{ readonly series: Series; readonly row: Row }> {
  const read = async function* (series: Series): AsyncGenerator<FoundRow> {
    for (let after: string | undefined; ; ) {
      const page = await history.rows(series.key, { from, to, after, limit: PAGE });
      yield* page;
      after = page.at(-1)?.place;
      if (page.length < PAGE) return;
    }
  };
  const heads: { readonly series: Series; readonly rows: AsyncGenerator<FoundRow>; row: FoundRow }[] = [];
  for (const series of all) {
    const rows = read(series);
    const { value, done } = await rows.next();
    if (!done) heads.push({ series, rows, row: value });
  }
  while (heads.length > 0) {
    const first = heads.reduce((a, b) => (b.row.received < a.row.received ? b : a));
    yield { series: first.series, row: first.row };
    const { value, done } = await first.rows.next();
    if (done) heads.splice(heads.indexOf(first), 1);
    else first.row = value;
  }
}
