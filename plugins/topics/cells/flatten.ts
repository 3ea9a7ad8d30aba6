/** Changes of one node within a second become one. */
import type { Batch } from '../definition.ts';
import { subject } from './nodes.ts';
import type { Node, NodeChange } from './schemas.ts';

const WINDOW_MS = 1_000;
const TEMPORARY = 'temporary';
const FLATTENED: ReadonlySet<string> = new Set(['CREATE', 'UPDATE_CONTENT', 'UPDATE_META']);
/** The node is not there any more, or not in this place: what was collected about it has to come before. */
const ENDING: ReadonlySet<string> = new Set(['DELETE', 'UPDATE_PATH']);

export const flattening: Batch<NodeChange> = {
  ms: WINDOW_MS,
  key: (change) => {
    if (!FLATTENED.has(change.Type) && !ENDING.has(change.Type)) return undefined;
    const { Uuid, Path } = change.Source && ENDING.has(change.Type) ? change.Source : (subject(change) ?? {});
    return Uuid ? `uuid ${Uuid}` : `path ${Path}`;
  },
  joins: ({ Type }) => FLATTENED.has(Type),
  merge: mergeChanges,
};

function mergeChanges(earlier: NodeChange, later: NodeChange): NodeChange {
  const types = [earlier.Type, later.Type];
  const Type =
    types.find((type) => type === 'CREATE') ?? types.find((type) => type === 'UPDATE_CONTENT') ?? later.Type;
  const Source = mergeNodes(earlier.Source, later.Source);
  const Target = mergeNodes(earlier.Target, later.Target);
  return {
    Type,
    ...(Source && { Source }),
    ...(Target && { Target }),
    // Left out only when that would have been right for all of them.
    ...((earlier.Optimistic || later.Optimistic) && { Optimistic: true }),
    ...(earlier.Silent && later.Silent && { Silent: true }),
  };
}

function mergeNodes(earlier: Node | undefined, later: Node | undefined): Node | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  const merged = { ...earlier, ...later, MetaStore: { ...earlier.MetaStore, ...later.MetaStore } };
  if (later.Etag === TEMPORARY && earlier.Etag) merged.Etag = earlier.Etag;
  return merged;
}
