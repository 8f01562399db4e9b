import { assert } from '../../base/assert.ts';
import type { Leadership } from './leadership.ts';
import type { ReadIndexReply, ReadIndexRequest } from './message.ts';
import { quorumIndex } from './quorum.ts';
import type { ReadQuestion } from './read-index-queue.ts';
import type { Replica } from './replica.ts';
import { hasCommittedInTerm } from './replication.ts';

/** Why a read is not asked for: nobody is known to lead; as many as are allowed wait already. */
export type ReadRefusal = 'noLeader' | 'tooManyReads';

/** Asks for a read index, of the leader where this replica does not lead (thesis 6.4). */
export function askRead(replica: Replica, context: number): ReadRefusal | undefined {
  assert(Number.isSafeInteger(context) && context > 0, 'a read is numbered from 1');
  const { leadership, leader, id } = replica;
  if (leadership !== undefined) {
    if (leadership.reads.isFull) return 'tooManyReads';
    askLeader(replica, leadership, { from: id, context });
  } else if (leader === 0) {
    return 'noLeader';
  } else {
    replica.send({ kind: 'readIndex', to: leader, context });
  }
  return undefined;
}

/** A follower asks. Where too many reads wait it gets no answer, and asks again. */
export function takeReadRequest(
  replica: Replica,
  leadership: Leadership,
  { from, context }: ReadIndexRequest,
): void {
  if (!leadership.reads.isFull) askLeader(replica, leadership, { from, context });
}

function askLeader(replica: Replica, { reads }: Leadership, question: ReadQuestion): void {
  reads.ask(question, hasCommittedInTerm(replica) ? replica.log.commit : undefined);
}

/** The leader answered this replica's read. */
export function takeReadReply(replica: Replica, { context, index }: ReadIndexReply): void {
  replica.outbox.answerRead({ context, index });
}

/** The newest round of heartbeats that a quorum answered; the leader itself needs no answer, if its vote counts. */
export function confirmedRound(replica: Replica, leadership: Leadership): number {
  return quorumIndex(replica.configuration, (member) =>
    member === replica.id ? Infinity : (leadership.peers.get(member)?.round ?? 0),
  );
}

/** Answers the reads whose round a quorum confirmed. */
export function answerConfirmedReads(replica: Replica, leadership: Leadership): void {
  // Asked in every turn, and nearly always there is no read.
  if (!leadership.reads.isConfirming) return;
  const round = confirmedRound(replica, leadership);
  for (const { from, context, index } of leadership.reads.confirm(round)) {
    if (from === replica.id) replica.outbox.answerRead({ context, index });
    else replica.send({ kind: 'readIndexReply', to: from, context, index });
  }
}
