import { assert, must } from '../../base/assert.ts';
import type { ReplicaId } from './configuration.ts';
import { membersOf } from './configuration-change.ts';
import type { Entry, EntryId, EntryKind, LogIndex } from './entry.ts';
import type { Leadership } from './leadership.ts';
import type { AppendAccepted, AppendRejected, AppendRequest, SnapshotRequest } from './message.ts';
import type { Progress } from './progress.ts';
import { quorumIndex } from './quorum.ts';
import { bytesOf, type RaftLog } from './raft-log.ts';
import type { Replica } from './replica.ts';

/** A leader's own entry, at the end of its log. */
export function appendOwn(
  replica: Replica,
  leadership: Leadership,
  kind: EntryKind,
  data: Uint8Array,
): EntryId {
  const entry = replica.nextEntry(kind, data);
  replica.log.append([entry]);
  leadership.uncommitted.add(entry.index, data.length);
  return { term: entry.term, index: entry.index };
}

/** A follower takes entries (thesis 3.5). Its answer tells how far the logs match, or where they might. */
export function takeAppend(replica: Replica, request: AppendRequest): void {
  const { log } = replica;
  const { from: to, commit } = request;
  replica.heardLeader(to);
  assertFollows(request);
  const { previous, entries } = behindCommitted(request, log.commit);
  if (previous.index < log.commit) {
    const shared = [previous, ...entries].filter((each) => mayAgree(log, each)).at(-1);
    if (shared !== undefined) replica.send({ kind: 'appendAccepted', to, index: shared.index });
    return;
  }
  const matched = log.follow(previous, entries);
  if (matched === undefined) {
    const index = log.agreement(previous);
    const term = must(log.term(index), 'a leader has what is committed here');
    replica.send({ kind: 'appendRejected', to, rejected: previous.index, hint: { term, index } });
    return;
  }
  // Only what this message is known to share with the leader is committed here (trap 13).
  log.commitTo(Math.min(commit, matched));
  replica.send({ kind: 'appendAccepted', to, index: matched });
}

/**
 * Whether a committed entry is the sender's too, as far as is known here. A leader that was deposed, and does not know, may have others there, or none at all: what a
 * newer one committed is learnt from requests for votes as well. So its append is answered for what it shows, and never with the own commit index.
 */
function mayAgree(log: RaftLog, { index, term }: EntryId): boolean {
  const own = log.term(index);
  return own === undefined || own === term;
}

/** The part of an append that says something new: what is committed here is the same in the leader's log, and may be compacted away here. */
function behindCommitted(
  { previous, entries }: AppendRequest,
  commit: LogIndex,
): Pick<AppendRequest, 'previous' | 'entries'> {
  const known = commit - previous.index;
  const last = entries[known - 1];
  return last === undefined
    ? { previous, entries }
    : { previous: last, entries: entries.slice(known) };
}

function assertFollows({ previous, entries, term }: AppendRequest): void {
  let before = previous;
  for (const entry of entries) {
    assert(entry.index === before.index + 1, 'entries of a message follow each other');
    assert(entry.term >= before.term && entry.term <= term, 'terms of entries ascend');
    before = entry;
  }
}

/**
 * A follower takes a snapshot (thesis 5.3). A log that has its last entry keeps what follows and only learns that it is committed; one that is committed
 * further, a replica that the snapshot does not name (no. 37), and one that is still installing another refuse (no. 34).
 */
export function takeSnapshot(replica: Replica, { from: to, meta }: SnapshotRequest): void {
  const { log } = replica;
  replica.heardLeader(to);
  const isNamed = membersOf(meta.configuration).includes(replica.id);
  if (meta.index > log.commit && isNamed && replica.restoring === undefined) {
    if (log.has(meta)) {
      log.commitTo(meta.index);
    } else {
      log.restore(meta);
      replica.restoring = meta;
    }
  }
  // Not more than the sender has (see `mayAgree`).
  replica.send({ kind: 'appendAccepted', to, index: Math.min(log.commit, meta.index) });
}

/** A peer's log matches up to an index. */
export function onAccepted(
  replica: Replica,
  leadership: Leadership,
  { from, index }: AppendAccepted,
): void {
  const peer = leadership.peers.get(from);
  if (peer === undefined) return;
  const { log } = replica;
  assert(index <= log.lastIndex, 'a follower has no more of the leader’s entries than the leader');
  peer.spoke();
  peer.accepted(index, log.firstIndex);
  commitByQuorum(replica, leadership);
}

/** A peer's log does not match; the next probe goes as far back as both sides can tell, at most one a term (thesis 3.5). */
export function onRejected(
  replica: Replica,
  leadership: Leadership,
  { from, rejected, hint }: AppendRejected,
): void {
  const peer = leadership.peers.get(from);
  if (peer === undefined) return;
  peer.spoke();
  peer.rejected(rejected, replica.log.agreement(hint));
}

/** How far a member's log is known to match the leader's, durably; the leader's own counts as far as it is durable (trap 9). */
function matchOf(replica: Replica, leadership: Leadership): (member: ReplicaId) => LogIndex {
  return (member) =>
    member === replica.id ? replica.log.durableIndex : (leadership.peers.get(member)?.match ?? 0);
}

/** Commits what a quorum has, if it is of this term: an older entry on a majority may still be replaced (thesis 3.6.2, trap 1). */
export function commitByQuorum(replica: Replica, leadership: Leadership): void {
  const { log } = replica;
  const index = quorumIndex(replica.configuration, matchOf(replica, leadership));
  if (index <= log.commit || log.term(index) !== replica.term) return;
  log.commitTo(index);
  leadership.uncommitted.freeTo(index);
  leadership.reads.start(index);
}

/** Whether the leader committed in its term: only then does it know all that is committed (thesis 6.4). */
export function hasCommittedInTerm({ log, term }: Replica): boolean {
  return log.term(log.commit) === term;
}

/** Sends every peer what it is due: entries, which tell what is committed, or that alone. */
export function sendDueAppends(replica: Replica, leadership: Leadership): void {
  const { log } = replica;
  for (const [to, peer] of leadership.peers) {
    while (peer.isDue(log.lastIndex)) {
      if (!sendAppend(replica, to, peer)) break;
    }
    const commit = peer.untoldCommit(log.commit);
    if (commit === undefined) continue;
    replica.send({ kind: 'commit', to, commit });
    peer.told(commit);
  }
}

/** False when nothing could be sent: the entries are gone, and a snapshot has to go first. */
function sendAppend(replica: Replica, to: ReplicaId, peer: Progress): boolean {
  const { log } = replica;
  const index = peer.next - 1;
  const term = log.term(index);
  if (term === undefined) {
    // Who does not answer would not take it either.
    if (peer.recentlyActive) {
      const minIndex = log.firstIndex - 1;
      peer.expectSnapshot(minIndex);
      replica.outbox.wantSnapshot({ to, minIndex });
    }
    return false;
  }
  const entries = peer.isPaused ? [] : entriesFor(replica, peer.next);
  const { commit } = log;
  replica.send({ kind: 'append', to, previous: { term, index }, entries, commit });
  peer.sent(entries.length, bytesOf(entries), commit);
  return true;
}

function entriesFor({ log, options }: Replica, next: LogIndex): readonly Entry[] {
  const end = Math.min(log.lastIndex + 1, next + options.appendEntriesMax);
  return next < end ? log.entries(next, end, options.appendBytesMax) : [];
}

/** Sends every peer a heartbeat; each carries only the commit index that the peer is known to share (trap 14). */
export function sendHeartbeats(replica: Replica, leadership: Leadership): void {
  const { reads, farewell, peers } = leadership;
  const wantsAnswer = reads.isConfirming || reads.roundDue || farewell !== undefined;
  for (const [to, peer] of peers) {
    const commit = Math.min(peer.match, replica.log.commit);
    // An answer confirms the farewell only from a peer that learnt the commit of the removal with it.
    const tells = farewell === undefined || commit >= farewell.index;
    replica.send({
      kind: 'heartbeat',
      to,
      commit,
      context: wantsAnswer && tells ? reads.round : 0,
    });
    peer.told(commit);
  }
  leadership.heartbeatDue = false;
  reads.roundSent();
}
