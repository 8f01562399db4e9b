/** How far an index has come with a shard. */
export interface ShardMark {
  /** Log index up to which it holds everything; 0: nothing is known. */
  readonly index: number;
  /** Of the store that its rows were read from: below 2^48; 0: of a store, or an index, that has none. */
  readonly lineage: number;
}
