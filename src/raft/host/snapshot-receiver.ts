import { crc32 } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { SnapshotChunk, SnapshotChunkReply } from '../transport/transport.ts';
import type { Slots } from './slots.ts';
import type { SnapshotCounts } from './snapshot-counts.ts';
import type { SnapshotMeta } from '../core/snapshot-meta.ts';
import type { StagedState } from './state-machine.ts';

/** What all chunks of a snapshot say: whom it is from and to, in which term, and what it holds. */
export type SnapshotOrigin = Omit<SnapshotChunk, 'data' | 'crc' | 'last' | 'offset'>;

/** A state that arrived whole and is durable, but does not count yet. */
export interface StagedSnapshot {
  readonly origin: SnapshotOrigin;
  readonly state: StagedState;
}

interface Incoming {
  readonly origin: SnapshotOrigin;
  readonly state: StagedState;
  crc: number;
  progressMs: number;
}

export interface SnapshotReceiverOptions {
  readonly clock: Clock;
  readonly snapshotIdleMs: number;
  /** Snapshots that the node takes at once. */
  readonly slots: Slots;
  readonly stage: (meta: SnapshotMeta) => Promise<StagedState>;
  /** Why a snapshot is not wanted now; undefined: it is. */
  readonly objection: (chunk: SnapshotChunk) => string | undefined;
  readonly onStaged: (snapshot: StagedSnapshot) => void;
  /** Of the replica: counted up. */
  readonly counts: SnapshotCounts;
}

/**
 * Takes the state that a leader sends to one group's replica: one at a time, its pieces in order, each checked. Pieces of two snapshots are never mixed: a
 * newer one begins anew, at its first byte, and an older one's late pieces are refused.
 */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #incoming: Incoming | undefined;
  /** The last one that was staged as a whole: its last chunk may come again. */
  #stagedName = '';
  /** Chunks are taken one after the other, however they arrive. */
  #order: Promise<unknown> = Promise.resolve();

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Bytes that are staged of an unfinished snapshot; undefined: none is under way. */
  get receivedBytes(): number | undefined {
    return this.#incoming?.state.size;
  }

  /** What a sender may do wrong, and a state machine that cannot take the state, is an answer; anything else that it throws is rejected. */
  onChunk(chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    const reply = this.#order.then(() => this.#takeOrRefuse(chunk));
    this.#order = reply.catch(() => {});
    return reply;
  }

  /** Gives up a snapshot whose sender has fallen silent. */
  tick(): void {
    const incoming = this.#incoming;
    const { clock, snapshotIdleMs } = this.#options;
    if (incoming === undefined || clock.monotonicMs() - incoming.progressMs <= snapshotIdleMs) {
      return;
    }
    this.#order = this.#order.then(async () => {
      if (this.#incoming === incoming) await this.#discard();
    });
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    await this.#order;
    await this.#discard();
  }

  async #takeOrRefuse(chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    try {
      return await this.#take(chunk);
    } catch (error) {
      await this.#discard();
      if (!(error instanceof VectorDbError)) throw error;
      return { kind: 'refused', reason: error.message };
    }
  }

  async #take(chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    if (chunk.snapshot === this.#stagedName) {
      this.#countRepeated(chunk, chunk.offset + chunk.data.byteLength);
      return { kind: 'done' };
    }
    const objection = this.#options.objection(chunk);
    if (objection !== undefined) return { kind: 'refused', reason: objection };
    const current = this.#incoming;
    if (current === undefined || !isSame(current.origin, chunk)) {
      const refusal = await this.#begin(chunk, current?.origin);
      if (refusal !== undefined) return refusal;
    }
    const incoming = this.#incoming;
    if (incoming === undefined) return { kind: 'refused', reason: 'it was given up' };
    return this.#write(incoming, chunk);
  }

  async #begin(
    chunk: SnapshotChunk,
    current: SnapshotOrigin | undefined,
  ): Promise<SnapshotChunkReply | undefined> {
    // Not known here, since this process is new or gave it up: from its start, then.
    if (chunk.offset !== 0) {
      return current === undefined
        ? { kind: 'next', offset: 0 }
        : { kind: 'refused', reason: 'another snapshot is under way' };
    }
    if (current !== undefined && !isNewer(chunk, current)) {
      return { kind: 'refused', reason: 'a newer snapshot is under way' };
    }
    await this.#discard();
    if (!this.#options.slots.tryTake()) {
      return { kind: 'refused', reason: 'the node takes other snapshots' };
    }
    try {
      const state = await this.#options.stage(chunk.meta);
      const progressMs = this.#options.clock.monotonicMs();
      const { data: _data, ...origin } = chunk;
      this.#incoming = { origin, state, crc: 0, progressMs };
      this.#options.counts.snapshotsBegun += 1;
    } catch (error) {
      this.#options.slots.release();
      throw error;
    }
    return undefined;
  }

  async #write(incoming: Incoming, chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    const { state, origin } = incoming;
    const { counts } = this.#options;
    if (chunk.offset !== state.size) {
      this.#countRepeated(chunk, state.size);
      return { kind: 'next', offset: state.size };
    }
    const crc = crc32(chunk.data, incoming.crc);
    if (crc !== chunk.crc) return { kind: 'next', offset: state.size };
    await state.write(chunk.data);
    if (chunk.data.byteLength > 0 || chunk.last) counts.chunksTaken += 1;
    counts.bytesTaken += chunk.data.byteLength;
    incoming.crc = crc;
    incoming.progressMs = this.#options.clock.monotonicMs();
    if (!chunk.last) return { kind: 'next', offset: state.size };
    await state.finish();
    this.#incoming = undefined;
    this.#options.slots.release();
    this.#stagedName = chunk.snapshot;
    counts.snapshotsTaken += 1;
    this.#options.onStaged({ origin, state });
    return { kind: 'done' };
  }

  /** A piece without data only asks how far the snapshot is. */
  #countRepeated({ offset, data }: SnapshotChunk, size: number): void {
    const isRepeated = data.byteLength > 0 && offset + data.byteLength <= size;
    if (isRepeated) this.#options.counts.chunksRepeated += 1;
  }

  async #discard(): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    this.#incoming = undefined;
    this.#options.slots.release();
    await incoming.state.discard();
  }
}

function isSame(a: SnapshotOrigin, b: SnapshotOrigin): boolean {
  return (
    a.snapshot === b.snapshot &&
    a.from === b.from &&
    a.term === b.term &&
    a.meta.index === b.meta.index &&
    a.meta.term === b.meta.term
  );
}

function isNewer(a: SnapshotOrigin, b: SnapshotOrigin): boolean {
  return a.term > b.term || (a.term === b.term && a.meta.index >= b.meta.index);
}
