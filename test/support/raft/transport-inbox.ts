import { setImmediate } from 'node:timers/promises';
import type {
  GroupMessage,
  LogEnd,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  TransportReceiver,
} from '../../../src/raft/transport/transport.ts';

/** What came in one call. */
export interface Delivery {
  readonly from: NodeNumber;
  readonly messages: readonly GroupMessage[];
}

/** Waits, turn by turn of the event loop, until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

/** Keeps what a transport delivers. */
export class TransportInbox implements TransportReceiver {
  readonly deliveries: Delivery[] = [];
  readonly unreachable: NodeNumber[] = [];
  readonly disconnected: NodeNumber[] = [];
  readonly chunks: SnapshotChunk[] = [];
  /** What questions for the ends of logs are answered with. */
  ends: readonly LogEnd[] | undefined = [];
  questions = 0;
  readonly answers: {
    readonly from: NodeNumber;
    readonly number: number;
    readonly ends: readonly LogEnd[];
  }[] = [];
  /** How chunks are answered. */
  answer: (chunk: SnapshotChunk) => Promise<SnapshotChunkReply> = () =>
    Promise.resolve({ kind: 'done' });

  get messages(): readonly GroupMessage[] {
    return this.deliveries.flatMap(({ messages }) => messages);
  }

  onMessages(from: NodeNumber, messages: readonly GroupMessage[]): void {
    this.deliveries.push({ from, messages });
  }

  logEnds(): readonly LogEnd[] | undefined {
    this.questions += 1;
    return this.ends;
  }

  onLogEnds(from: NodeNumber, number: number, ends: readonly LogEnd[]): void {
    this.answers.push({ from, number, ends });
  }

  onUnreachable(node: NodeNumber): void {
    this.unreachable.push(node);
  }

  onDisconnected(node: NodeNumber): void {
    this.disconnected.push(node);
  }

  onChunk(_: NodeNumber, chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    this.chunks.push(chunk);
    return this.answer(chunk);
  }
}
