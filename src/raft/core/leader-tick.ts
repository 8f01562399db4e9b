import type { ReplicaId } from './configuration.ts';
import type { Leadership } from './leadership.ts';
import { tickTransfer, transferIfCaughtUp } from './leader-transfer.ts';
import { leaveJointIfDue, sayFarewell } from './membership.ts';
import { quorumVote } from './quorum.ts';
import { answerConfirmedReads } from './reading.ts';
import type { Replica } from './replica.ts';
import { sendDueAppends, sendHeartbeats } from './replication.ts';

/**
 * A tick of a leader. One that did not hear from a quorum for the longest election timeout steps down, so that its clients look elsewhere (thesis 6.2, trap 8);
 * a new one gets that time too. By then no follower waits for it any more.
 */
export function tickLeader(replica: Replica, leadership: Leadership): void {
  replica.tick();
  if (replica.ticks % replica.options.heartbeatTicks === 0) leadership.heartbeatDue = true;
  tickTransfer(replica, leadership);
  const silentTicksMax = replica.options.electionTicks * 1.5;
  for (const peer of leadership.peers.values()) peer.tick(silentTicksMax);
  if (replica.electionElapsed < silentTicksMax || hasActiveQuorum(replica, leadership)) return;
  replica.becomeFollower(replica.term, 0);
}

function hasActiveQuorum({ id, configuration }: Replica, { peers }: Leadership): boolean {
  const active = new Map<ReplicaId, boolean>([[id, true]]);
  for (const [replica, peer] of peers) active.set(replica, peer.recentlyActive);
  return quorumVote(configuration, active) === 'won';
}

/** Makes what a leader owes: once for all that happened since the last time, so that many proposals travel in one append and many reads share a round. */
export function gatherDue(replica: Replica): void {
  const { leadership } = replica;
  if (leadership === undefined) return;
  leaveJointIfDue(replica, leadership);
  answerConfirmedReads(replica, leadership);
  const { reads, farewell } = leadership;
  const roundDue = reads.roundDue && (reads.isConfirming || farewell !== undefined);
  if (leadership.heartbeatDue || roundDue) sendHeartbeats(replica, leadership);
  sendDueAppends(replica, leadership);
  // Behind the appends, so that the other knows what is committed when it stands.
  transferIfCaughtUp(replica, leadership);
  sayFarewell(replica, leadership);
}
