import type { Configuration, ReplicaId } from '../../../src/raft/core/configuration.ts';

const hasMajority = (
  members: readonly ReplicaId[],
  present: (replica: ReplicaId) => boolean,
): boolean => members.length === 0 || 2 * members.filter(present).length > members.length;

/** Whether those present decide: a majority of the voters and, in a joint configuration, of the outgoing ones too (thesis 4.3). Learners do not count. */
export function isQuorum(
  configuration: Configuration,
  present: (replica: ReplicaId) => boolean,
): boolean {
  return hasMajority(configuration.voters, present) && hasMajority(configuration.outgoing, present);
}

/** Whether each quorum of one configuration shares a replica with each of the other: tries all divisions of the members into two sides. */
export function quorumsIntersect(a: Configuration, b: Configuration): boolean {
  const members = [...new Set([...a.voters, ...a.outgoing, ...b.voters, ...b.outgoing])];
  for (let side = 0; side < 2 ** members.length; side += 1) {
    const here = (replica: ReplicaId): boolean => ((side >> members.indexOf(replica)) & 1) === 1;
    if (isQuorum(a, here) && isQuorum(b, (replica) => !here(replica))) return false;
  }
  return true;
}
