/** What a simulation asserts, by name; the table in the README of this folder says what each means and where it is checked. */
export type Invariant =
  | 'electionSafety'
  | 'leaderAppendOnly'
  | 'logMatching'
  | 'leaderCompleteness'
  | 'stateMachineSafety'
  | 'committedIsDurable'
  | 'committedIsImmutable'
  | 'monotonic'
  | 'oneVoteATerm'
  | 'order'
  | 'standsStillForTransfer'
  | 'durableBeforeSent'
  | 'oneChangeAtATime'
  | 'quorumsIntersect'
  | 'oneVoterANode'
  | 'nothingAcknowledgedIsLost'
  | 'logReachesState'
  | 'exactlyOnce'
  | 'sameState'
  | 'bounds'
  | 'readIsFresh'
  | 'destroyedStaysDestroyed'
  | 'codecRoundTrip'
  | 'damageIsReal'
  | 'acknowledgedIsApplied'
  | 'refusedHasNoEffect'
  | 'linearizable'
  | 'oneCluster'
  | 'numberIsNeverReused'
  | 'oneReplicaANode'
  | 'replicasAreKept'
  | 'votersHaveCaughtUp'
  | 'destroyedIsNotNeeded'
  | 'epochIsFenced'
  | 'converges'
  | 'stable'
  | 'assertion';

/** An invariant that does not hold: ends the simulation. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(detail);
    this.invariant = invariant;
  }
}

/** @throws {Violation} when `condition` does not hold; `detail` is asked for only then */
export function hold(
  condition: boolean,
  invariant: Invariant,
  detail: () => string,
): asserts condition {
  if (!condition) throw new Violation(invariant, detail());
}
