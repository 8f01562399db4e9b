import type { Timer } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { type Deferred, deferred } from '../../base/deferred.ts';
import { FRAME_BODY_BYTES_MAX, type Frame } from './frame-codec.ts';
import type { LinkContext } from './link-context.ts';
import { OutgoingLink } from './outgoing-link.ts';
import { chunkBytesMax, decodeOutcome, encodeChunk } from './snapshot-chunk-codec.ts';
import { CHUNK_WINDOW } from './tcp-limits.ts';
import type { NodeNumber, SnapshotChunk, SnapshotChunkReply } from './transport.ts';

/** A chunk whose answer is awaited. */
interface PendingChunk {
  readonly frame: Uint8Array;
  readonly answer: Deferred<SnapshotChunkReply>;
  readonly timer: Timer;
  isSent: boolean;
}

/** Chunks to one node, on a connection of their own: a few on their way at once, the others in a bounded queue. */
export class ChunkLane {
  readonly #to: NodeNumber;
  readonly #context: LinkContext;
  readonly #link: OutgoingLink;
  /** By number, in the order of the calls. */
  readonly #pending = new Map<number, PendingChunk>();
  #pendingBytes = 0;
  #sentCount = 0;
  #nextNumber = 1;
  #isClosed = false;

  constructor(to: NodeNumber, context: LinkContext) {
    this.#to = to;
    this.#context = context;
    this.#link = new OutgoingLink(to, 'chunks', context, {
      onReady: () => this.#flush(),
      onDrain: () => this.#flush(),
      onFrame: (frame) => this.#onFrame(frame),
      onDown: (end, detail) => this.#failAll(`${end}: ${detail}`),
    });
  }

  /** Chunks that wait or are on their way. */
  get underWay(): number {
    return this.#pending.size;
  }

  /** @throws {VectorDbError} as `Transport.sendChunk` */
  async send(chunk: SnapshotChunk, signal?: AbortSignal): Promise<SnapshotChunkReply> {
    this.#check(chunk, signal);
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const frame = encodeChunk({ number, chunk });
    const answer = deferred<SnapshotChunkReply>();
    const giveUp = (): void => this.#fail(number, 'CANCELLED', 'the chunk was given up');
    const timer = this.#context.clock.after(this.#context.limits.chunkMs, () =>
      this.#onTimeout(number),
    );
    this.#pending.set(number, { frame, answer, timer, isSent: false });
    this.#pendingBytes += frame.length;
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#flush();
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** The node is known to be there: it is tried at once. */
  wake(): void {
    this.#link.wake();
  }

  /** Fails all chunks and ends the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failAll('this node is closing');
    await this.#link.close();
  }

  #check(chunk: SnapshotChunk, signal: AbortSignal | undefined): void {
    const { chunksMax, chunkBytesMax: bytesMax } = this.#context.limits;
    if (this.#isClosed) throw this.#unavailable('this node is closing');
    if (signal?.aborted === true) throw new VectorDbError('CANCELLED', 'the chunk was given up');
    const bytes = chunkBytesMax(chunk);
    if (bytes > FRAME_BODY_BYTES_MAX) {
      throw new VectorDbError('LIMIT_EXCEEDED', `a chunk of ${bytes} bytes is too large`);
    }
    const isFull = this.#pending.size >= chunksMax || this.#pendingBytes + bytes > bytesMax;
    if (isFull && this.#pending.size > 0) {
      throw new VectorDbError('OVERLOADED', `too many chunks wait for node ${this.#to}`);
    }
    const waitMs = this.#link.want();
    if (waitMs > 0) throw this.#unavailable('it is tried again later', Math.ceil(waitMs));
  }

  #flush(): void {
    if (!this.#link.isReady) return;
    for (const chunk of this.#pending.values()) {
      if (this.#sentCount >= CHUNK_WINDOW || this.#link.isFull) return;
      if (chunk.isSent) continue;
      chunk.isSent = true;
      this.#sentCount += 1;
      this.#context.counters.chunksSent += 1;
      this.#link.send([chunk.frame]);
    }
  }

  #onFrame(frame: Frame): void {
    if (frame.kind !== 'chunkReply') {
      this.#link.fault('unexpectedFrame', `a ${frame.kind} among the answers to chunks`);
      return;
    }
    const numbered = this.#link.decode(() => decodeOutcome(frame.body));
    if (numbered === undefined) return;
    // Also of a chunk that was given up since: it does not take a place on the way any more.
    this.#sentCount = Math.max(0, this.#sentCount - 1);
    const chunk = this.#remove(numbered.number);
    const { outcome } = numbered;
    if (outcome.kind === 'failed') {
      chunk?.answer.reject(this.#unavailable(`it could not take a chunk: ${outcome.reason}`));
    } else {
      chunk?.answer.resolve(outcome);
    }
    this.#flush();
  }

  #onTimeout(number: number): void {
    const chunk = this.#pending.get(number);
    this.#fail(number, 'UNAVAILABLE', `node ${this.#to} did not answer in time`);
    // It would hold its place on the way for ever.
    if (chunk?.isSent === true) this.#link.fault('stalled', 'a chunk was not answered in time');
  }

  #fail(number: number, code: 'CANCELLED' | 'UNAVAILABLE', message: string): void {
    this.#remove(number)?.answer.reject(new VectorDbError(code, message));
  }

  #failAll(reason: string): void {
    this.#sentCount = 0;
    for (const number of this.#pending.keys()) {
      this.#remove(number)?.answer.reject(this.#unavailable(reason));
    }
  }

  #remove(number: number): PendingChunk | undefined {
    const chunk = this.#pending.get(number);
    if (chunk === undefined) return undefined;
    this.#pending.delete(number);
    this.#pendingBytes -= chunk.frame.length;
    chunk.timer.cancel();
    return chunk;
  }

  #unavailable(why: string, retryAfterMs?: number): VectorDbError {
    return new VectorDbError(
      'UNAVAILABLE',
      `node ${this.#to} cannot be reached: ${why}`,
      retryAfterMs === undefined ? {} : { retryAfterMs },
    );
  }
}
