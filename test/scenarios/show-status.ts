import type { PeerProgress, RaftStatus } from '../../src/raft/core/raft-status.ts';
import { showConfiguration } from './show-message.ts';

/** A replica in one line. */
export function showStatus(status: RaftStatus): string {
  const { replica, role, term, vote, leader, commitIndex, appliedIndex, lastIndex } = status;
  return [
    `${replica} ${role} t${term}`,
    `vote ${vote || '-'} leader ${leader || '-'}`,
    `applied ${appliedIndex} ≤ commit ${commitIndex} ≤ last ${lastIndex}`,
    showConfiguration(status.configuration),
    ...(status.transferee === 0 ? [] : [`hands over to ${status.transferee}`]),
  ].join(', ');
}

/** What a leader knows of a peer, in one line. */
export function showProgress(peer: PeerProgress): string {
  const { replica, state, match, next, inflightMessages, inflightBytes } = peer;
  return [
    `${replica} ${state} match ${match} next ${next}`,
    ...(inflightMessages === 0 ? [] : [`on the way ${inflightMessages} (${inflightBytes} B)`]),
    ...(peer.pendingSnapshot === 0 ? [] : [`snapshot ${peer.pendingSnapshot}`]),
    ...(peer.isPaused ? ['paused'] : []),
    ...(peer.recentlyActive ? [] : ['silent']),
    ...(peer.isLearner ? ['learner'] : []),
  ].join(', ');
}

/** What became different; undefined: nothing. */
export function showDifference(before: RaftStatus, after: RaftStatus): string | undefined {
  const isSameTerm = before.term === after.term;
  const changes = [
    ...(before.role === after.role ? [] : [`${before.role} → ${after.role}`]),
    ...(isSameTerm ? [] : [`term ${before.term} → ${after.term}`]),
    ...(after.vote === 0 || (isSameTerm && before.vote === after.vote)
      ? []
      : [`votes for ${after.vote}`]),
    ...(before.leader === after.leader
      ? []
      : [after.leader === 0 ? 'no leader' : `leader ${after.leader}`]),
    ...(before.commitIndex === after.commitIndex
      ? []
      : [`commit ${before.commitIndex} → ${after.commitIndex}`]),
    ...(before.transferee === after.transferee
      ? []
      : [after.transferee === 0 ? 'hands over no more' : `hands over to ${after.transferee}`]),
  ];
  return changes.length === 0 ? undefined : `${after.replica}: ${changes.join(', ')}`;
}
