import { crc32 } from 'node:zlib';
import { InvariantError } from '../../base/assert.ts';
import { type Clock, pause } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { Term } from '../core/entry.ts';
import type { SnapshotMeta } from '../core/snapshot-meta.ts';
import type { GroupId } from '../log/log-storage.ts';
import type {
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  Transport,
} from '../transport/transport.ts';
import { nodeOf } from './replica-id.ts';
import type { SnapshotCounts } from './snapshot-counts.ts';
import { Slots } from './slots.ts';
import type { StateSnapshot } from './state-machine.ts';
import { TokenBucket } from './token-bucket.ts';

export interface SnapshotSenderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** A new name for each snapshot; never given before by any process of this node. */
  readonly nextName: () => string;
  readonly snapshotChunkBytes: number;
  readonly snapshotBytesPerSecondMax: number;
  readonly snapshotsMax: number;
  readonly snapshotIdleMs: number;
  readonly snapshotRetryMs: number;
}

/** A follower that needs a leader's state. */
export interface SnapshotRecipient {
  readonly group: GroupId;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly term: Term;
}

type SnapshotOrigin = SnapshotRecipient & Pick<SnapshotChunk, 'snapshot' | 'meta'>;

const NO_DATA = new Uint8Array();

/** A state that was taken, with the configuration at its last entry. */
export interface TakenSnapshot {
  readonly meta: SnapshotMeta;
  readonly state: StateSnapshot;
}

/**
 * Sends states of groups in pieces, a few at once and within a rate. After a piece that was not answered it asks the receiver, in a piece without data, where to
 * go on: nothing that has arrived goes over the network again.
 */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #slots: Slots;
  readonly #bucket: TokenBucket;

  constructor(options: SnapshotSenderOptions) {
    const { clock, snapshotBytesPerSecondMax, snapshotChunkBytes, snapshotsMax } = options;
    this.#options = options;
    this.#slots = new Slots(snapshotsMax);
    this.#bucket = new TokenBucket({
      clock,
      bytesPerSecond: snapshotBytesPerSecondMax,
      burstBytes: snapshotChunkBytes,
    });
  }

  /**
   * Whether the recipient has staged the whole state, and its last entry's index; 0 where none was taken.
   *
   * @param take - called when it is this one's turn; the state is kept open until it was sent or given up
   * @param counts - of the sending replica: counted up
   */
  async send(
    recipient: SnapshotRecipient,
    take: () => Promise<TakenSnapshot>,
    signal: AbortSignal,
    counts: SnapshotCounts,
  ): Promise<{ readonly isStaged: boolean; readonly index: number }> {
    let index = 0;
    if (!(await this.#slots.take(signal))) return { isStaged: false, index };
    try {
      if (signal.aborted) return { isStaged: false, index };
      const { meta, state } = await take();
      index = meta.index;
      await using _ = state;
      const origin = { ...recipient, snapshot: this.#options.nextName(), meta };
      return { isStaged: await this.#transfer(origin, state, signal, counts), index };
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      // A state that cannot be read is its machine's trouble, and shows there; the follower asks again.
      return { isStaged: false, index };
    } finally {
      this.#slots.release();
    }
  }

  async #transfer(
    origin: SnapshotOrigin,
    state: StateSnapshot,
    signal: AbortSignal,
    counts: SnapshotCounts,
  ): Promise<boolean> {
    const { clock, snapshotChunkBytes, snapshotIdleMs, snapshotRetryMs } = this.#options;
    // Checksums up to where a chunk ended: the places from which the stream can go on.
    const crcAt = new Map([[0, 0]]);
    let offset = 0;
    let furthest = 0;
    let progressMs = clock.monotonicMs();
    let isAsking = false;
    while (!signal.aborted && clock.monotonicMs() - progressMs <= snapshotIdleMs) {
      const data = isAsking ? NO_DATA : await state.read(offset, snapshotChunkBytes);
      const crc = crc32(data, crcAt.get(offset) ?? 0);
      const last = !isAsking && data.byteLength < snapshotChunkBytes;
      crcAt.set(offset + data.byteLength, crc);
      await this.#bucket.take(data.byteLength, signal);
      const reply = await this.#sendChunk({ ...origin, offset, data, crc, last }, signal);
      if (!isAsking) {
        counts.chunksSent += 1;
        if (reply === undefined) counts.chunksUnanswered += 1;
      }
      if (reply?.kind === 'done') return true;
      if (reply?.kind === 'refused') return false;
      if (reply !== undefined && !crcAt.has(reply.offset)) return false;
      const next = reply?.offset ?? offset;
      if (next > furthest) {
        furthest = next;
        progressMs = clock.monotonicMs();
      }
      const isStuck = reply === undefined || (!isAsking && next <= offset);
      if (isStuck) await pause(clock, snapshotRetryMs, signal);
      isAsking = reply === undefined;
      offset = next;
    }
    return false;
  }

  /** Undefined where no answer came. */
  async #sendChunk(
    chunk: SnapshotChunk,
    signal: AbortSignal,
  ): Promise<SnapshotChunkReply | undefined> {
    try {
      return await this.#options.transport.sendChunk(nodeOf(chunk.to), chunk, signal);
    } catch (error) {
      if (error instanceof VectorDbError) return undefined;
      throw error;
    }
  }
}

/** Names of snapshots, unique over the processes of all nodes. */
export function snapshotNames(node: NodeNumber, random: Random): () => string {
  const process = `${node}-${random.below(2 ** 32).toString(36)}`;
  let count = 0;
  return () => {
    count += 1;
    return `${process}-${count}`;
  };
}
