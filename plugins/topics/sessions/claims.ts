/** Which claims of a token say what, and how they are read. */
import { type Static, Type } from '../../../core/index.ts';

/** Names of claims. */
export const ClaimNames = Type.Object(
  {
    user: Type.String({ default: 'sub', minLength: 1, description: 'The id of the user.' }),
    name: Type.String({ default: 'name', minLength: 1, description: 'The login.' }),
    profile: Type.String({
      default: 'profile',
      minLength: 1,
      description: '`admin`, `standard`, `shared` or `anon`.',
    }),
    roles: Type.String({ default: 'roles', minLength: 1, description: 'List of ids of roles.' }),
    workspaces: Type.String({
      default: 'workspaces',
      minLength: 1,
      description: 'List of ids of workspaces, or of `{id, slug, roots: [path, …]}`.',
    }),
  },
  { default: {}, additionalProperties: false },
);
export type ClaimNames = Static<typeof ClaimNames>;

/** A workspace, as a session sees it. */
export interface Workspace {
  readonly id: string;
  readonly slug: string;
  /** Paths without slashes at their ends; '' is the root of everything. */
  readonly roots: readonly string[];
  /** Sessions that see the same in the same way have the same text here. */
  readonly view: string;
}

/** What a token says of its holder. Claims that are something else than expected count as left out. */
export interface Claims {
  readonly user: string | undefined;
  readonly login: string | undefined;
  readonly profile: string | undefined;
  readonly roles: readonly string[];
  readonly workspaces: readonly Workspace[];
}

export function readClaims(claims: Readonly<Record<string, unknown>>, names: ClaimNames): Claims {
  const workspaces = new Map<string, Workspace>();
  for (const given of listOf(claims[names.workspaces])) {
    const workspace = readWorkspace(given);
    if (workspace !== undefined) workspaces.set(workspace.view, workspace);
  }
  return {
    user: textOf(claims[names.user]),
    login: textOf(claims[names.name]),
    profile: textOf(claims[names.profile]),
    roles: textsOf(claims[names.roles]),
    workspaces: [...workspaces.values()],
  };
}

/** A path without empty parts: `/a//b/` is `a/b`. */
export function cleanPath(path: string): string {
  return path.split('/').filter(Boolean).join('/');
}

function readWorkspace(given: unknown): Workspace | undefined {
  const fields = typeof given === 'string' ? { id: given } : isRecord(given) ? given : {};
  const id = textOf(fields.id);
  if (id === undefined) return undefined;
  const slug = textOf(fields.slug) ?? id;
  // An empty path is a mistake, not the root of everything: that is '/'.
  const named = textsOf(fields.roots);
  const roots = [...new Set((named.length > 0 ? named : [id]).map(cleanPath))];
  return { id, slug, roots, view: JSON.stringify([id, slug, ...roots]) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for what is no text, and for an empty one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap((one) => textOf(one) ?? []);
}
