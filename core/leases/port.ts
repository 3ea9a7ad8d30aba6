/** The lease port: what decides which hub of a cluster holds a lease. */

/** What a hub asks for. */
export interface LeaseClaim {
  readonly name: string;
  /** Fence of the term the hub is in; undefined: it does not hold the lease. */
  readonly fence: number | undefined;
}

export interface LeaseTable {
  /** How long a hub holds a lease, counted from when it asked, in ms. Infinity: until it gives it back. */
  readonly termMs: number;
  /**
   * Renews the terms the hub is in and takes what nobody holds, all in one go. Rejects when it cannot be asked.
   * @param node 8 hex digits that name this hub process.
   * @returns for each claim the fence of the hub's term: the same if it goes on, one higher than all before on whichever hub if
   *   it begins; undefined: another hub holds the lease.
   */
  claim(node: string, claims: readonly LeaseClaim[]): Promise<readonly (number | undefined)[]>;
  /** Gives back those of the leases that the hub holds. */
  release(node: string, names: readonly string[]): Promise<void>;
}
