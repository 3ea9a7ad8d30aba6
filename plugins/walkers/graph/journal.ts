/** Checks what a child process says a run has changed: it may be broken, or somebody may have broken into it. */
import { compile, explain, Type } from '../../../core/index.ts';
import { type Access, LEVELS } from './access.ts';
import { invalidJournal, limitExceeded } from './errors.ts';
import {
  type EdgeRecord,
  type Fields,
  GENERIC_EDGE,
  ID_PATTERNS,
  isRootId,
  type Journal,
  type NodeRecord,
  typeOf,
} from './records.ts';

/** Roots that a node may name in its access. */
const MAX_GRANTS = 1_000;

const CLOSED = { additionalProperties: false };
const id = (pattern: string) => Type.String({ pattern });
const byId = <T>(pattern: string, values: object) =>
  Type.Unsafe<Readonly<Record<string, T>>>({
    type: 'object',
    propertyNames: { pattern },
    additionalProperties: values,
  });
const FieldsSchema = Type.Unsafe<Fields>({ type: 'object' });
const LevelSchema = Type.Enum([...LEVELS]);
const AccessSchema = Type.Object(
  {
    all: LevelSchema,
    roots: Type.Unsafe<Access['roots']>({
      type: 'object',
      propertyNames: { pattern: ID_PATTERNS.root },
      additionalProperties: LevelSchema,
      maxProperties: MAX_GRANTS,
    }),
  },
  CLOSED,
);
const isJournal = compile(
  Type.Object(
    {
      nodes: Type.Array(
        Type.Object(
          {
            id: id(ID_PATTERNS.node),
            type: id(ID_PATTERNS.type),
            root: id(ID_PATTERNS.root),
            fields: FieldsSchema,
            access: AccessSchema,
          },
          CLOSED,
        ),
      ),
      edges: Type.Array(
        Type.Object(
          {
            id: id(ID_PATTERNS.edge),
            type: id(ID_PATTERNS.type),
            from: id(ID_PATTERNS.node),
            to: id(ID_PATTERNS.node),
            fields: FieldsSchema,
          },
          CLOSED,
        ),
      ),
      fields: byId<Fields>(ID_PATTERNS.any, FieldsSchema),
      deleted: Type.Array(id(ID_PATTERNS.any)),
      access: byId<Access>(ID_PATTERNS.node, AccessSchema),
    },
    CLOSED,
  ),
);

/**
 * @param asRoot the root that the run acted for.
 * @param maxWrites changes it may have made; the edges that go with a destroyed node count when they are found.
 * @throws HubError `invalid_journal` that names the field, or `limit_exceeded`.
 */
export function checkJournal(journal: unknown, asRoot: string, maxWrites: number): Journal {
  if (!isJournal(journal)) throw invalidJournal(explain(isJournal.errors));
  const writes = countWrites(journal);
  if (writes > maxWrites) throw limitExceeded(`a run may make ${maxWrites} changes, this one made ${writes}`);
  const places = new Map<string, string>();
  const claim = (id: string, field: string) => {
    const place = places.get(id);
    if (place !== undefined) throw invalidJournal(`${field} is ${id}, which is in ${place} already`);
    places.set(id, field);
  };
  for (const [i, node] of journal.nodes.entries()) checkNode(node, `/nodes/${i}`, asRoot, claim);
  for (const [i, edge] of journal.edges.entries()) checkEdge(edge, `/edges/${i}`, claim);
  for (const [i, id] of journal.deleted.entries()) {
    if (isRootId(id)) throw invalidJournal(`/deleted/${i} is ${id}, and a root cannot be destroyed`);
    claim(id, `/deleted/${i}`);
  }
  for (const part of ['fields', 'access'] as const) {
    for (const id of Object.keys(journal[part])) {
      const place = places.get(id);
      if (place !== undefined) throw invalidJournal(`/${part} has ${id}, which is in ${place} already`);
    }
  }
  for (const [id, fields] of Object.entries(journal.fields)) checkGenericEdge(id, fields, `/fields/${id}`);
  checkEnds(journal, places);
  return journal;
}

/** Nodes and edges that a journal names as created, changed or deleted. */
export function countWrites({ nodes, edges, fields, deleted, access }: Journal): number {
  return (
    nodes.length + edges.length + deleted.length + Object.keys(fields).length + Object.keys(access).length
  );
}

type Claim = (id: string, field: string) => void;

function checkNode({ id, type, root }: NodeRecord, field: string, asRoot: string, claim: Claim): void {
  if (type !== typeOf(id)) throw invalidJournal(`${field}/type must be that of ${id}, found ${type}`);
  if (root !== asRoot) throw invalidJournal(`${field}/root must be ${asRoot}, found ${root}`);
  claim(id, `${field}/id`);
}

function checkEdge({ id, type, fields }: EdgeRecord, field: string, claim: Claim): void {
  if (type !== typeOf(id)) throw invalidJournal(`${field}/type must be that of ${id}, found ${type}`);
  checkGenericEdge(id, fields, `${field}/fields`);
  claim(id, `${field}/id`);
}

function checkGenericEdge(id: string, fields: Fields, field: string): void {
  if (!id.startsWith(`e:${GENERIC_EDGE}:`) || Object.keys(fields).length === 0) return;
  throw invalidJournal(`${field} must be empty: an edge of type ${GENERIC_EDGE} has no fields`);
}

/** An edge to something that goes in the same run would be left without an end. */
function checkEnds({ edges }: Journal, places: ReadonlyMap<string, string>): void {
  for (const [i, { from, to }] of edges.entries()) {
    for (const [end, id] of Object.entries({ from, to })) {
      const place = places.get(id);
      if (place?.startsWith('/deleted/')) {
        throw invalidJournal(`/edges/${i}/${end} is ${id}, which is in ${place} already`);
      }
    }
  }
}
