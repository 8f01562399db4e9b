import type { ReplicaId } from './configuration.ts';
import { isVoter, membersOf } from './configuration-change.ts';
import type { EntryId } from './entry.ts';
import type { PreVoteReply, PreVoteRequest, VoteReply, VoteRequest } from './message.ts';
import { quorumVote } from './quorum.ts';
import type { Replica } from './replica.ts';
import { appendOwn } from './replication.ts';

const NO_DATA = new Uint8Array();

/**
 * Stands for election: first asks whether it would be elected (thesis 9.6), unless the leader itself hands over. Not while its vote does not count or a
 * committed change of the configuration is not applied: it could win by a majority that is none any more (trap 5).
 *
 * @returns whether it stands
 */
export function stand(replica: Replica, how: 'preVote' | 'transfer'): boolean {
  if (replica.state.role === 'leader' || !replica.isElectable) return false;
  if (replica.log.hasUnappliedConfiguration()) return false;
  if (how === 'preVote') replica.becomePreCandidate();
  else replica.becomeCandidate(true);
  askForVotes(replica);
  decide(replica);
  return true;
}

function askForVotes(replica: Replica): void {
  const { state, id, configuration, log, term } = replica;
  const { committed } = log;
  for (const to of membersOf(configuration)) {
    if (to === id || !isVoter(configuration, to)) continue;
    if (state.role === 'preCandidate') {
      replica.send({ kind: 'preVote', to, term: term + 1, last: log.last, committed });
    } else if (state.role === 'candidate') {
      replica.send({ kind: 'vote', to, last: log.last, committed, transfer: state.isTransfer });
    }
  }
}

/** Acts on the votes so far. */
function decide(replica: Replica): void {
  const { state } = replica;
  if (state.role !== 'preCandidate' && state.role !== 'candidate') return;
  const result = quorumVote(replica.configuration, state.votes);
  if (result === 'lost') {
    replica.becomeFollower(replica.term, 0);
  } else if (result === 'won' && state.role === 'preCandidate') {
    replica.becomeCandidate(false);
    askForVotes(replica);
  } else if (result === 'won') {
    lead(replica);
  }
}

/** Begins to lead with an entry of the new term, without which older ones could never be committed (thesis 6.4, trap 2). */
function lead(replica: Replica): void {
  const leadership = replica.becomeLeader();
  const { index } = appendOwn(replica, leadership, 'empty', NO_DATA);
  leadership.configurationIndex = index;
}

/** A candidate's vote for itself is durable, and only now counts (trap 9). */
export function countOwnVote(replica: Replica): void {
  if (replica.state.role !== 'candidate') return;
  replica.state.votes.set(replica.id, true);
  decide(replica);
}

/** Someone asks for a vote. Learners, and who is in no configuration yet, answer like everyone: they may have been promoted and not know (trap 19). */
export function takeVoteRequest(replica: Replica, request: VoteRequest | PreVoteRequest): void {
  const { from: to, last } = request;
  const { committed } = replica.log;
  const isUpToDate = replica.log.isUpToDate(last);
  if (request.kind === 'preVote') {
    const granted = isUpToDate && request.term > replica.term;
    const term = granted ? request.term : replica.term;
    replica.send({ kind: 'preVoteReply', to, term, committed, granted });
    return;
  }
  const isFree = replica.vote === to || (replica.vote === 0 && replica.leader === 0);
  const granted = isUpToDate && isFree;
  if (granted) replica.voteFor(to);
  replica.send({ kind: 'voteReply', to, committed, granted });
}

/** A request of an older term is answered, so that who sent it learns the term (trap 11). */
export function refuseVote(
  replica: Replica,
  { kind, from: to }: VoteRequest | PreVoteRequest,
): void {
  const { committed } = replica.log;
  const reply = kind === 'vote' ? 'voteReply' : 'preVoteReply';
  replica.send({ kind: reply, to, committed, granted: false });
}

/**
 * Someone who votes, or asks for votes, knows that an entry is committed. That never changes again, so that it is true here too if the entry is here,
 * whatever the term. Who stands starts over when this commits a change of the configuration (trap 5).
 */
export function learnCommitted(replica: Replica, committed: EntryId): void {
  const { log, state } = replica;
  if (state.role === 'leader' || committed.index <= log.commit || !log.has(committed)) return;
  log.commitTo(committed.index);
  if (state.role !== 'follower' && log.hasUnappliedConfiguration()) {
    replica.becomeFollower(replica.term, 0);
  }
}

/** A vote arrives; only the first one of each voter counts, and only for what it was asked. */
export function takeVoteReply(replica: Replica, reply: VoteReply | PreVoteReply): void {
  const { state, term } = replica;
  if (state.role !== (reply.kind === 'voteReply' ? 'candidate' : 'preCandidate')) return;
  if (reply.kind === 'preVoteReply' && reply.granted && reply.term !== term + 1) return;
  recordVote(state.votes, reply.from, reply.granted);
  decide(replica);
}

function recordVote(votes: Map<ReplicaId, boolean>, from: ReplicaId, granted: boolean): void {
  if (!votes.has(from)) votes.set(from, granted);
}

/** A tick of a replica that does not lead: without word from a leader it stands, or at least no longer counts on that leader. */
export function tickElection(replica: Replica): void {
  replica.tick();
  if (!replica.isElectionDue || stand(replica, 'preVote')) return;
  replica.becomeFollower(replica.term, 0);
}
