import type { GraphShape, RawKind, Rescoring } from './raw-libraries.ts';

/** What a raw process is started with. */
export interface RawStart {
  readonly kind: RawKind;
  /** Rows of the clustered data. */
  readonly rows: number;
  /** Queries that one search request is about. */
  readonly queries: number;
  readonly shape: GraphShape;
}

/** What a raw process can be asked for, one thing at a time. */
export type RawRequest =
  /** Adds all rows, a hundred a call, to a new graph. */
  | { readonly kind: 'build' }
  | { readonly kind: 'save' | 'load'; readonly path: string }
  /** Searches all queries, one after another. */
  | { readonly kind: 'search'; readonly ef: number; readonly how: Rescoring };

/** What it did, and what that took of its processor time. */
export interface RawAnswer {
  readonly microseconds: number;
  /** Rows added or queries searched. */
  readonly count: number;
  /** Of a search, else 0. */
  readonly recall: number;
}
