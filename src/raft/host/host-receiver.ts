import type {
  GroupMessage,
  LogEnd,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  TransportReceiver,
} from '../transport/transport.ts';
import type { GroupTable } from './group-table.ts';
import type { NodeContact } from './node-contact.ts';
import type { Outbox } from './outbox.ts';
import type { QuorumReads } from './quorum-reads.ts';

export interface HostReceiverOptions {
  readonly groups: GroupTable;
  readonly outbox: Outbox;
  readonly quorumReads: QuorumReads;
  readonly contact: NodeContact;
  /** Whether nothing is to be vouched for any more. */
  readonly hasFailed: () => boolean;
  readonly isClosed: () => boolean;
  /** An error that ends the host. */
  readonly onError: (error: unknown) => void;
}

/** What other nodes send, given to the groups of this one that it is for. */
export class HostReceiver implements TransportReceiver {
  readonly #options: HostReceiverOptions;

  constructor(options: HostReceiverOptions) {
    this.#options = options;
  }

  onMessages(from: NodeNumber, messages: readonly GroupMessage[]): void {
    const { contact, groups, quorumReads } = this.#options;
    contact.heard(from);
    quorumReads.heard(from);
    for (const { group, message } of messages) {
      // Of a group that is not here, was destroyed or is corrupt: nobody answers, and nothing comes into being (trap 42).
      const open = groups.find(group);
      if (open?.replica === message.to) open.receive(message);
    }
  }

  logEnds(from: NodeNumber): readonly LogEnd[] | undefined {
    const { groups, outbox, hasFailed } = this.#options;
    if (hasFailed()) return undefined;
    // What the reader is about to ask for should be applied there.
    outbox.release(from);
    return groups.logEnds;
  }

  onLogEnds(node: NodeNumber, number: number, ends: readonly LogEnd[]): void {
    this.#options.quorumReads.answered(node, number, ends);
  }

  onUnreachable(node: NodeNumber): void {
    this.#options.quorumReads.unreachable(node);
    this.#options.groups.unreachable(node);
  }

  onDisconnected(node: NodeNumber): void {
    this.#options.groups.disconnected(node);
  }

  async onChunk(_: NodeNumber, chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    const { groups, hasFailed, isClosed, onError } = this.#options;
    const open = groups.find(chunk.group);
    if (open === undefined || hasFailed() || isClosed()) {
      return { kind: 'refused', reason: 'the group is not on this node' };
    }
    try {
      return await open.onChunk(chunk);
    } catch (error) {
      onError(error);
      throw error;
    }
  }
}
