import type { Message } from '../core/message.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { SnapshotMeta } from '../core/snapshot-meta.ts';
import type { GroupId } from '../log/log-storage.ts';

/** Numbers the nodes of a cluster, from 1. */
export type NodeNumber = number;

/** A message of a group; several travel in one frame. */
export interface GroupMessage {
  readonly group: GroupId;
  readonly message: Message;
}

/** A piece of a snapshot's state. */
export interface SnapshotChunk {
  readonly group: GroupId;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  /** The leader's term. */
  readonly term: number;
  /** Names this stream of chunks: another one for each snapshot taken, never reused. */
  readonly snapshot: string;
  readonly meta: SnapshotMeta;
  /** Byte of the whole state that `data` begins with. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** CRC-32C of all bytes up to the end of this chunk. */
  readonly crc: number;
  readonly last: boolean;
}

/** `next`: the byte that the receiver wants next (it may have more or fewer than was thought: a resumed stream); `done`: staged as a whole; `refused`: it does not want this snapshot. */
export type SnapshotChunkReply =
  | { readonly kind: 'next'; readonly offset: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Takes what other nodes send. */
export interface TransportReceiver {
  onMessages(from: NodeNumber, messages: readonly GroupMessage[]): void;
  /** Something sent to the node was dropped, or it cannot be reached. */
  onUnreachable(node: NodeNumber): void;
  onChunk(from: NodeNumber, chunk: SnapshotChunk): Promise<SnapshotChunkReply>;
}

/** Carries messages between nodes. It may lose, repeat and reorder them, and says so where it knows; it never changes them. */
export interface Transport extends AsyncDisposable {
  readonly node: NodeNumber;
  /** Called once, before anything is sent. */
  listen(receiver: TransportReceiver): void;
  /** Queues messages of one turn. Where the queue is full they are dropped and the node is reported as unreachable. Never throws. */
  send(to: NodeNumber, messages: readonly GroupMessage[]): void;
  /**
   * On a lane of its own.
   *
   * @throws {VectorDbError} UNAVAILABLE when the node cannot be reached or the answer does not come, OVERLOADED when too many chunks wait for it,
   * CANCELLED by the signal, LIMIT_EXCEEDED for a chunk that no frame can hold
   */
  sendChunk(
    to: NodeNumber,
    chunk: SnapshotChunk,
    signal?: AbortSignal,
  ): Promise<SnapshotChunkReply>;
}
