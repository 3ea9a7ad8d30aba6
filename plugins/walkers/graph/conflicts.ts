/**
 * Which runs have read what another one overwrites. Every open run has a footprint: the keys of the documents and
 * lists of links it has read. A run that commits marks the others whose footprint it writes into; those can no longer
 * commit, so what is stored is as if the runs had happened one after the other, in the order of their commits. Nothing
 * of a commit has to be remembered, and what there is ends with the open runs.
 */

/** Runs that are open at once; the limit is far above what the children of a hub work on. */
const MAX_OPEN = 1_000;

/** Keys that are being asked for. */
export interface Reading {
  readonly keys: readonly string[];
  /** Somebody has written into them since: which state the answers are of is not known. */
  isStale: boolean;
}

/** What an open run has read. */
export class Footprint {
  readonly keys = new Set<string>();
  readonly #readings = new Set<Reading>();
  /** Somebody has written into it. */
  overwritten = false;
  /** Runs that began earlier have lower numbers. Kept when a run is repeated. */
  readonly age: number;
  /** Younger runs wait until this one ends before they write into its footprint. */
  readonly firm: boolean;
  #isOpen = true;
  /** Made when somebody waits for it. */
  #end: PromiseWithResolvers<void> | undefined;

  constructor(age: number, firm: boolean) {
    this.age = age;
    this.firm = firm;
  }

  get ended(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    this.#end ??= Promise.withResolvers();
    return this.#end.promise;
  }

  end(): void {
    this.#isOpen = false;
    this.#end?.resolve();
  }

  /** Must be ended. */
  begin(keys: readonly string[]): Reading {
    const reading = { keys, isStale: false };
    this.#readings.add(reading);
    return reading;
  }

  /** @returns whether the answers count; else the same has to be asked again. */
  finish(reading: Reading): boolean {
    this.#readings.delete(reading);
    if (reading.isStale) return false;
    for (const key of reading.keys) this.keys.add(key);
    return true;
  }

  meets(written: ReadonlySet<string>): boolean {
    return intersect(this.keys, written);
  }

  /** @param written undefined: anything may have been. */
  overwrite(written: ReadonlySet<string> | undefined): void {
    this.overwritten ||= written === undefined ? this.keys.size > 0 : this.meets(written);
    for (const reading of this.#readings)
      reading.isStale ||= written === undefined || reading.keys.some((key) => written.has(key));
  }
}

export function intersect(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const key of few) if (many.has(key)) return true;
  return false;
}

export class Conflicts {
  /** In the order in which they were opened. */
  readonly #open = new Set<Footprint>();

  /** When there are too many, the one opened first is given up: it counts as overwritten. */
  open(age: number, firm: boolean): Footprint {
    const [first] = this.#open;
    if (first !== undefined && this.#open.size >= MAX_OPEN) {
      first.overwritten = true;
      this.close(first);
    }
    const footprint = new Footprint(age, firm);
    this.#open.add(footprint);
    return footprint;
  }

  get areOpen(): boolean {
    return this.#open.size > 0;
  }

  close(footprint: Footprint): void {
    this.#open.delete(footprint);
    footprint.end();
  }

  /**
   * Whose end a commit has to wait for. Nobody waits for a younger run, so that no two wait for each other and
   * nobody is overtaken for ever.
   */
  ahead(committing: Footprint, written: ReadonlySet<string>): Footprint | undefined {
    for (const other of this.#open) {
      if (other.firm && other.age < committing.age && !other.overwritten && other.meets(written))
        return other;
    }
    return undefined;
  }

  /**
   * Marks all other runs that have read something of what is written.
   * @param written undefined: it is not known, or something that was read was never stored.
   */
  overwrite(written: ReadonlySet<string> | undefined, committing?: Footprint): void {
    for (const other of this.#open) if (other !== committing) other.overwrite(written);
  }
}
