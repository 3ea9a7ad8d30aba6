/** Who may do what with a node. */

/** In ascending order; each includes those before it. */
export const LEVELS = ['NO_ACCESS', 'READ', 'CONNECT', 'WRITE'] as const;

/**
 * `READ`: the node is seen and walked onto. `CONNECT`: edges to and from it are made. `WRITE`: its fields and access
 * are changed, its edges removed, itself destroyed.
 */
export type Level = (typeof LEVELS)[number];

/** What a node grants to roots other than its owner's. */
export interface Access {
  /** To everybody, those who are not logged in included. */
  readonly all: Level;
  /** By root id. An entry counts instead of `all`, whether it is higher or lower. */
  readonly roots: Readonly<Record<string, Level>>;
}

/** Of a node that nobody granted anything on. */
export const PRIVATE: Access = { all: 'NO_ACCESS', roots: {} };

/**
 * The level a run has on a node.
 * @param owner the root that the node belongs to: always `WRITE`.
 * @param asRoot the root that the run acts for.
 */
export function levelOf(owner: string, access: Access, asRoot: string): Level {
  return owner === asRoot ? 'WRITE' : (access.roots[asRoot] ?? access.all);
}

export function allows(level: Level, needed: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(needed);
}

/** As much of a node's access as a run may know: who else it was granted to is for those with `WRITE`. */
export function visibleAccess(owner: string, access: Access, asRoot: string): Access {
  if (levelOf(owner, access, asRoot) === 'WRITE') return access;
  const own = access.roots[asRoot];
  return { all: access.all, roots: own === undefined ? {} : { [asRoot]: own } };
}
