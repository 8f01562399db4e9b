import { unreachable } from '../../../src/base/unreachable.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { GroupLedger } from './group-ledger.ts';
import type { ReplicaLedger } from './replica-ledger.ts';
import { hold } from './violation.ts';

/** No message leaves before the disk holds what it vouches for (thesis 3.4, 3.5): the term of nearly all, votes, and accepted entries. */
export function checkSent(group: GroupLedger, ledger: ReplicaLedger, message: Message): void {
  const { durable } = ledger;
  const { term } = durable.hardState;
  hold(
    !ledger.isDestroyed,
    'destroyedStaysDestroyed',
    () => `${ledger.name} sends ${message.kind} after it was destroyed`,
  );
  const vouch = (condition: boolean, what: string): void =>
    hold(
      condition,
      'durableBeforeSent',
      () =>
        `${ledger.name} sends ${message.kind} of term ${message.term}; on disk ${what}: term ${term}, vote ${durable.hardState.vote}, last ${durable.lastIndex}`,
    );
  switch (message.kind) {
    case 'preVote':
    case 'preVoteReply':
      return;
    case 'voteReply':
      vouch(term >= message.term || !message.granted, 'the term is older');
      if (!message.granted) return;
      if (term === message.term) {
        vouch(durable.hardState.vote === message.to, 'there is another vote');
      }
      group.voteSent(ledger, message.term, message.to);
      return;
    case 'appendAccepted':
      vouch(term >= message.term, 'the term is older');
      if (term === message.term) vouch(durable.lastIndex >= message.index, 'the log is shorter');
      return;
    case 'vote':
    case 'append':
    case 'heartbeat':
    case 'commit':
    case 'snapshot':
    case 'timeoutNow':
    case 'readIndexReply':
      // A candidate or leader that forgets its term, or its vote for itself, could win the same one again, with other entries.
      vouch(term >= message.term, 'the term is older');
      if (term === message.term) {
        vouch(durable.hardState.vote === message.from, 'it did not vote for itself');
      }
      return;
    case 'appendRejected':
    case 'heartbeatReply':
    case 'readIndex':
      return;
    default:
      unreachable(message);
  }
}
