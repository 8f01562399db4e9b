import type { Configuration, ReplicaId } from './configuration.ts';
import type { LogIndex } from './entry.ts';

/** How an election stands: enough votes for, enough against (or missing for good), or neither yet. */
export type VoteResult = 'won' | 'lost' | 'pending';

/**
 * The largest index that a majority of `voters` has reached; infinite without voters, so that an empty half of a joint configuration never decides.
 *
 * @param reached - how far a voter is; 0 when nothing is known of it
 */
export function majorityIndex(
  voters: readonly ReplicaId[],
  reached: (replica: ReplicaId) => LogIndex,
): LogIndex {
  if (voters.length === 0) return Infinity;
  const indexes = voters.map(reached).sort((a, b) => b - a);
  return indexes[voters.length >> 1] as LogIndex;
}

/** The largest index that a decision of the configuration covers: of a joint one, a majority of both halves (thesis 4.3). Learners do not count. */
export function quorumIndex(
  configuration: Configuration,
  reached: (replica: ReplicaId) => LogIndex,
): LogIndex {
  const incoming = majorityIndex(configuration.voters, reached);
  return Math.min(incoming, majorityIndex(configuration.outgoing, reached));
}

/** Whether those for whom `holds` is true decide: a majority, of a joint configuration one of both halves (thesis 4.3). Never without voters. */
export function isQuorum(
  { voters, outgoing }: Configuration,
  holds: (replica: ReplicaId) => boolean,
): boolean {
  return isMajority(voters, holds) && (outgoing.length === 0 || isMajority(outgoing, holds));
}

/** Whether `holds` is true for a majority of them. */
export function isMajority(
  voters: readonly ReplicaId[],
  holds: (replica: ReplicaId) => boolean,
): boolean {
  let missing = (voters.length >> 1) + 1;
  for (const voter of voters) {
    if (holds(voter)) missing -= 1;
    if (missing === 0) return true;
  }
  return false;
}

/** How a vote among `voters` stands; won without any. Votes of others do not count. */
export function majorityVote(
  voters: readonly ReplicaId[],
  votes: ReadonlyMap<ReplicaId, boolean>,
): VoteResult {
  const needed = voters.length === 0 ? 0 : (voters.length >> 1) + 1;
  let granted = 0;
  let missing = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === true) granted += 1;
    if (vote === undefined) missing += 1;
  }
  if (granted >= needed) return 'won';
  return granted + missing >= needed ? 'pending' : 'lost';
}

/** How a vote stands in a configuration: both halves of a joint one have to be won (thesis 4.3). */
export function quorumVote(
  { voters, outgoing }: Configuration,
  votes: ReadonlyMap<ReplicaId, boolean>,
): VoteResult {
  const results = [majorityVote(voters, votes), majorityVote(outgoing, votes)];
  if (results.includes('lost')) return 'lost';
  return results.includes('pending') ? 'pending' : 'won';
}
