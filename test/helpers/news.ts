/** A stream, for hubs of a cluster. */
import type { Hub, Keep, Stream } from '../../core/index.ts';

export const KEEP: Keep = { entries: 1_000, bytes: 10_000_000, seconds: 60 };

/** A stream of numbers and texts, and all that was heard of it. */
export function news(hub: Hub, keep = KEEP) {
  const got: string[] = [];
  const ids: string[] = [];
  const stream: Stream<number> = hub.stream('news', {
    keep,
    receive: (text, { id, position, own }) => {
      if (text === 'fail') throw new Error('no');
      ids.push(id);
      got.push(
        `${position?.offset ?? 'unplaced'} ${text.slice(0, 20)}${own === undefined ? '' : ` (own ${own})`}`,
      );
    },
    missed: () => void got.push(`missed, goes on after ${stream.position.offset}`),
  });
  return { stream, got, ids };
}

/** All have received what all appended. */
export async function settle(hubs: readonly { readonly stream: Stream<number> }[]): Promise<void> {
  // Once for what hubs append that come back, once for the others to receive it.
  for (let i = 0; i < 2; i++) for (const { stream } of hubs) await stream.catchUp();
}
