/** Node changes: who sees them, and as what. */
import type { Audience } from '../definition.ts';
import { cleanPath, type Workspace } from '../sessions/claims.ts';
import { belowKey } from '../sessions/recipient.ts';
import { mayRead, readPolicies } from './policies.ts';
import type { Node, NodeChange } from './schemas.ts';

/** Names of metadata that begin so are for servers, not for clients. */
const RESERVED = 'pydio:';
const POLICIES = 'pydio:meta-policies';
const WORKSPACE = 'EventWorkspaceId';

/** To sessions with a workspace that sees the node, once for each such workspace. */
export function nodeAudience(change: NodeChange): Audience<NodeChange> {
  if (change.Type === 'READ') return { keys: [] };
  const seen = new Map<string, NodeChange | undefined>();
  const as = (workspace: Workspace) => {
    if (!seen.has(workspace.view)) seen.set(workspace.view, seenBy(workspace, change));
    return seen.get(workspace.view);
  };
  const audience: Audience<NodeChange> = {
    keys: [...new Set(deciding(change).flatMap(({ Path }) => aboveOf(Path)))].map(belowKey),
    transform: ({ workspaces }) => workspaces.flatMap((workspace) => as(workspace) ?? []),
  };
  if (change.Type !== 'UPDATE_USER_META') return audience;
  const policies = readPolicies(subject(change)?.MetaStore?.[POLICIES]);
  return { ...audience, filter: (recipient) => mayRead(policies, recipient) };
}

/** The node a change is about. */
export function subject({ Type, Source, Target }: NodeChange): Node | undefined {
  return Type === 'DELETE' ? (Source ?? Target) : (Target ?? Source);
}

/** The nodes of which a workspace has to see at least one. */
function deciding(change: NodeChange): readonly Node[] {
  const nodes = change.Type === 'UPDATE_PATH' ? [change.Source, change.Target] : [subject(change)];
  return nodes.filter((node) => node !== undefined);
}

/** The change as a workspace sees it; undefined: it does not. */
function seenBy(workspace: Workspace, change: NodeChange): NodeChange | undefined {
  const { Type } = change;
  const Source = change.Source && nodeSeenBy(workspace, change.Source);
  const Target = change.Target && nodeSeenBy(workspace, change.Target);
  if (Type === 'UPDATE_PATH') {
    if (Source === undefined) return Target && { Type: 'CREATE', Target };
    if (Target === undefined) return { Type: 'DELETE', Source };
  }
  const about = subject(change) === change.Source ? Source : Target;
  if (about === undefined) return undefined;
  return { Type, ...(Source && { Source }), ...(Target && { Target }) };
}

function nodeSeenBy({ id, slug, roots }: Workspace, node: Node): Node | undefined {
  const path = cleanPath(node.Path);
  const root = roots.find((one) => one === '' || path === one || path.startsWith(`${one}/`));
  if (root === undefined) return undefined;
  const { Uuid, Type, Size, MTime, Etag, MetaStore = {} } = node;
  const metadata = Object.entries(MetaStore).filter(([name]) => !name.startsWith(RESERVED));
  return {
    ...(Uuid !== undefined && { Uuid }),
    Path: cleanPath(`${slug}/${path.slice(root.length)}`),
    ...(Type !== undefined && { Type }),
    ...(Size !== undefined && { Size }),
    ...(MTime !== undefined && { MTime }),
    ...(Etag !== undefined && { Etag }),
    MetaStore: { ...Object.fromEntries(metadata), [WORKSPACE]: JSON.stringify(id) },
  };
}

/** A path and all above it, up to the root of everything. */
function aboveOf(path: string): readonly string[] {
  const clean = cleanPath(path);
  const above = [''];
  for (let end = clean.indexOf('/'); end !== -1; end = clean.indexOf('/', end + 1))
    above.push(clean.slice(0, end));
  if (clean !== '') above.push(clean);
  return above;
}
