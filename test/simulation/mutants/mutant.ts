import type { Invariant } from '../invariants/violation.ts';

/** A known bug, as a change of one place of the source: what a simulation must find. */
export interface Mutant {
  /** In kebab case. */
  readonly name: string;
  /** From the root of the project. */
  readonly file: string;
  /** A piece of the file that is there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What goes wrong with it. */
  readonly why: string;
  /** Which simulation sees it: of bare cores, of Raft hosts, or of whole nodes. */
  readonly mode: 'core' | 'cluster' | 'nodes';
  /** Invariants that it breaks; another one that it breaks first counts as well. */
  readonly expects: readonly Invariant[];
}
