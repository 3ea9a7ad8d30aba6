/** The bundles that a pool knows, each until it is retired and its last job has ended. */
import type { Bundle } from '../source/bundle.ts';
import { Version } from './version.ts';

export class Versions {
  readonly #byHash = new Map<string, Version>();
  /** A run that is repeated after a reload still asks for its old bundle. */
  readonly #retired = new WeakSet<Bundle>();
  readonly #forgotten: (version: Version) => void;
  #keys = 0;

  /** @param forgotten is told when one is not needed any more. */
  constructor(forgotten: (version: Version) => void) {
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#byHash.size;
  }

  /** Undefined: none of its jobs was asked for, or it was forgotten. */
  find({ hash }: Bundle): Version | undefined {
    return this.#byHash.get(hash);
  }

  /** The version of a bundle for one more job, which must leave it. */
  enter(bundle: Bundle): Version {
    const version = this.find(bundle) ?? this.#add(bundle);
    // False for the same files as before, saved again.
    version.retired = version.retired && this.#retired.has(bundle);
    version.jobs++;
    return version;
  }

  /** One of its jobs has ended. */
  leave(version: Version): void {
    version.jobs--;
    this.#forget(version);
  }

  /** Forgets a bundle when its last job has ended, whenever that is begun. */
  retire(bundle: Bundle): void {
    this.#retired.add(bundle);
    const version = this.find(bundle);
    if (version === undefined) return;
    version.retired = true;
    this.#forget(version);
  }

  #add(bundle: Bundle): Version {
    const version = new Version(++this.#keys, bundle);
    version.retired = this.#retired.has(bundle);
    this.#byHash.set(bundle.hash, version);
    return version;
  }

  #forget(version: Version): void {
    if (!version.retired || version.jobs > 0) return;
    this.#byHash.delete(version.bundle.hash);
    this.#forgotten(version);
  }
}
