import type { ReplicaId } from './configuration.ts';
import type { Leadership } from './leadership.ts';
import type { Replica } from './replica.ts';

/** Why leadership is not handed over: it does not lead; it leads already; the other's vote does not count. */
export type TransferRefusal = 'notLeader' | 'isLeader' | 'notVoter';

/**
 * Begins to hand leadership over (thesis 3.10): no proposals are taken until the other has the whole log and is told to stand, or an election timeout is
 * over (trap 21). Naming another replica replaces the one before.
 */
export function beginTransfer(replica: Replica, to: ReplicaId): TransferRefusal | undefined {
  const { leadership } = replica;
  if (leadership === undefined || leadership.farewell !== undefined) return 'notLeader';
  if (to === replica.id) return 'isLeader';
  if (!replica.configuration.voters.includes(to)) return 'notVoter';
  if (leadership.transfer?.to === to) return undefined;
  leadership.transfer = { to, ticks: 0, isAsked: false };
  return undefined;
}

/** Tells the other to stand once its log is complete, and a change of the configuration that would keep it from standing is applied. */
export function transferIfCaughtUp(replica: Replica, leadership: Leadership): void {
  const { transfer, peers, configurationIndex } = leadership;
  if (transfer === undefined || transfer.isAsked) return;
  if (peers.get(transfer.to)?.match !== replica.log.lastIndex) return;
  if (configurationIndex > replica.log.applied) return;
  transfer.isAsked = true;
  replica.send({ kind: 'timeoutNow', to: transfer.to });
}

/** A tick of a leader that hands over: it takes proposals again after an election timeout. */
export function tickTransfer(replica: Replica, leadership: Leadership): void {
  const { transfer } = leadership;
  if (transfer === undefined) return;
  transfer.ticks += 1;
  // The word may have been lost, or have come while the other could not stand.
  if (leadership.heartbeatDue) transfer.isAsked = false;
  if (transfer.ticks >= replica.options.electionTicks) leadership.transfer = undefined;
}
