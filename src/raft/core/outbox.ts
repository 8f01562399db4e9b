import type { Message } from './message.ts';
import type { ReadState, SnapshotWanted } from './ready.ts';

/** What a replica has to say, until a Ready takes it. */
export interface Outgoing {
  readonly messages: readonly Message[];
  readonly messagesAfterPersist: readonly Message[];
  readonly readStates: readonly ReadState[];
  readonly snapshotsWanted: readonly SnapshotWanted[];
}

/** Gathers what the next Ready says; decides which messages wait for the disk. */
export class Outbox {
  #messages: Message[] = [];
  #afterPersist: Message[] = [];
  #readStates: ReadState[] = [];
  #snapshotsWanted: SnapshotWanted[] = [];

  get isEmpty(): boolean {
    const { length } = this.#messages;
    return (
      length + this.#afterPersist.length + this.#readStates.length === 0 &&
      this.#snapshotsWanted.length === 0
    );
  }

  send(message: Message): void {
    if (!vouchesForDisk(message)) {
      this.#messages.push(message);
      return;
    }
    const before = this.#afterPersist.at(-1);
    // The larger index says all that the smaller one does.
    if (
      message.kind === 'appendAccepted' &&
      before?.kind === 'appendAccepted' &&
      before.to === message.to &&
      before.term === message.term &&
      before.index <= message.index
    ) {
      this.#afterPersist.pop();
    }
    this.#afterPersist.push(message);
  }

  answerRead(state: ReadState): void {
    this.#readStates.push(state);
  }

  wantSnapshot(wanted: SnapshotWanted): void {
    this.#snapshotsWanted.push(wanted);
  }

  take(): Outgoing {
    const taken = {
      messages: this.#messages,
      messagesAfterPersist: this.#afterPersist,
      readStates: this.#readStates,
      snapshotsWanted: this.#snapshotsWanted,
    };
    this.#messages = [];
    this.#afterPersist = [];
    this.#readStates = [];
    this.#snapshotsWanted = [];
    return taken;
  }
}

/**
 * Votes and acknowledgements promise what the disk must hold (thesis 3.4, 3.5; trap 9). A vote request does so too: it names a log and a term, and a
 * candidate that came back without them could be elected by late votes with a log it no longer has.
 */
function vouchesForDisk({ kind }: Message): boolean {
  switch (kind) {
    case 'vote':
    case 'voteReply':
    case 'preVoteReply':
    case 'appendAccepted':
    case 'appendRejected':
      return true;
    default:
      return false;
  }
}
