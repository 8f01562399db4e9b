import type { Message } from '../core/message.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { LogIndex } from '../core/entry.ts';
import type { SnapshotMeta } from '../core/snapshot-meta.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { TransportStatistics } from './transport-statistics.ts';

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

/** How far the log of a replica goes. */
export interface LogEnd {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  /** Of its last entry. */
  readonly index: LogIndex;
}

/** Asks a node how far its logs go, or says it. */
export type LogEndsMessage =
  | { readonly kind: 'question'; readonly number: number }
  | {
      readonly kind: 'answer';
      /** Of the question. */
      readonly number: number;
      readonly ends: readonly LogEnd[];
    };

/** Takes what other nodes send. */
export interface TransportReceiver {
  onMessages(from: NodeNumber, messages: readonly GroupMessage[]): void;
  /** Another node asks how far the logs here go: the answer is as of this moment. Undefined: there is none. */
  logEnds(from: NodeNumber): readonly LogEnd[] | undefined;
  /** The answer to question `number` of this node. */
  onLogEnds(from: NodeNumber, number: number, ends: readonly LogEnd[]): void;
  /** Something sent to the node was dropped, or it cannot be reached. */
  onUnreachable(node: NodeNumber): void;
  /** The node ended a connection, or takes none: its process has likely ended. May come again and again, and for a process that goes on. */
  onDisconnected(node: NodeNumber): void;
  onChunk(from: NodeNumber, chunk: SnapshotChunk): Promise<SnapshotChunkReply>;
}

/** How long an answer is waited for. */
export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Answers a call of another node; the signal ends when nobody waits for the answer any more. */
export type CallHandler = (
  from: NodeNumber,
  request: Uint8Array,
  signal: AbortSignal,
) => Promise<Uint8Array>;

/** Asks other nodes for something and gets their answer, on a lane of its own. */
export interface CallTransport {
  readonly node: NodeNumber;
  /** Called once; calls that come before are refused. */
  serveCalls(handler: CallHandler): void;
  /**
   * @throws {VectorDbError} UNAVAILABLE where the node cannot be reached, does not answer in time, or its handler threw: it may have got the request, unless that is an {@link UnsentCall};
   * OVERLOADED where too many calls wait for it, CANCELLED by the signal, LIMIT_EXCEEDED for a request that no frame can hold
   */
  call(to: NodeNumber, request: Uint8Array, options: CallOptions): Promise<Uint8Array>;
}

/** Answers someone who is no member of the cluster yet, but knows its secret. */
export type GuestHandler = (request: Uint8Array) => Promise<Uint8Array>;

/** Talks to addresses rather than nodes: how nodes find each other before they are a cluster. */
export interface GuestPort {
  /** Called once; guests that come before are refused. */
  serveGuests(handler: GuestHandler): void;
  /**
   * @param address - `host:port`
   * @throws {VectorDbError} UNAVAILABLE where nobody answers in time, PERMISSION_DENIED where the secrets differ, CANCELLED
   */
  ask(address: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array>;
}

/** Carries messages between nodes. It may lose, repeat and reorder them, and says so where it knows; it never changes them. */
export interface Transport extends AsyncDisposable {
  readonly node: NodeNumber;
  /** Called once, before anything is sent. */
  listen(receiver: TransportReceiver): void;
  /** Queues messages of one turn. Where the queue is full they are dropped and the node is reported as unreachable. Never throws. */
  send(to: NodeNumber, messages: readonly GroupMessage[]): void;
  /**
   * Asks a node how far its logs go, at once and together with what waits for it. Like messages, question and answer may be lost; where that is known the node is
   * reported as unreachable. Never throws.
   *
   * @param number - a safe integer from 0 on, which the answer repeats
   */
  askLogEnds(to: NodeNumber, number: number): void;
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

/** What a node is while it belongs to a cluster. */
export interface Membership {
  readonly node: NodeNumber;
  /** Nodes of another cluster are refused. */
  readonly cluster: string;
  /** `host:port` of the other nodes. Asked at each attempt to connect, so that a node may move. Undefined: not known, and so unreachable. */
  readonly addressOf: (node: NodeNumber) => string | undefined;
}

/** All that a member of a cluster has to talk to the others. */
export interface MemberTransport extends Transport, CallTransport {
  /** A node is gone for good, and its number with it: what waits for it is dropped or fails, and its connections are refused from now on. */
  forget(node: NodeNumber): void;
  readonly statistics: TransportStatistics;
}

/** A node's place on the network: for guests from the start, for the other nodes once it belongs to a cluster. */
export interface NodePort extends GuestPort, AsyncDisposable {
  /**
   * Called once. Until then nodes of the cluster are refused, and soon try again. Closing the transport gives up the port.
   */
  join(membership: Membership): MemberTransport;
}
