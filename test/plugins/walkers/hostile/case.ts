import type { FailureCode } from '../../../../plugins/walkers/runtime/run.ts';

/** A walker that means harm, and how it ends. */
export interface HostileCase {
  readonly name: string;
  /** What the ability does; `w` and `here` are there. */
  readonly body: string;
  /** Code at the top of the file, before the walker. */
  readonly top?: string;
  /** One of these codes; `load`: the file is refused; a list of reports: it ends well and got hold of nothing. */
  readonly ends: FailureCode | readonly FailureCode[] | 'load' | { readonly reports: readonly unknown[] };
  /** Part of the error's message. */
  readonly says?: RegExp;
}
