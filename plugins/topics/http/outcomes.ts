/** What a service is told whose events did not all get their places among those of all hubs. */
import { HubError } from '../../../core/index.ts';

/** What became of events, by the code of the error that says so. */
const PLIGHTS = [
  ['outcome_unknown', 'may be published yet'],
  ['cut_off', 'not published'],
] as const;

/**
 * @param isList whether events are told by their indexes.
 * @throws HubError `outcome_unknown`, or `cut_off` when it is known of each event; both say which have no place.
 */
export function throwUnlessAllDone(outcomes: readonly PromiseSettledResult<void>[], isList: boolean): void {
  const failures = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
  const found = PLIGHTS.map(([code, plight]) => {
    const indexes = [...failures.keys()].filter((index) => codeOf(failures[index]) === code);
    return { code, plight, indexes };
  }).filter(({ indexes }) => indexes.length > 0);
  const [first] = found;
  if (first === undefined) {
    const other: unknown = failures.find((failure) => failure !== undefined);
    if (other !== undefined) throw other;
    return;
  }
  const what = found.map(({ plight, indexes }) => (isList ? `${rangeOf(indexes)} ${plight}` : plight));
  throw new HubError(first.code, `the hub is cut off from the others: ${what.join(', ')}`);
}

/** Events get their places in their order: those without one follow each other. */
function rangeOf(indexes: readonly number[]): string {
  const [first] = indexes;
  const last = indexes.at(-1);
  return first === last ? `[${first}]` : `[${first}] to [${last}]`;
}

function codeOf(failure: unknown): string | undefined {
  return failure instanceof HubError ? failure.code : undefined;
}
