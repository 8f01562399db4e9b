import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** What happens to bytes on their way. */
export interface FlowConditions {
  /** Nothing arrives, not even that a connection ended; what was sent arrives when this is over, as TCP sends again. */
  readonly isCut: boolean;
  readonly delayMs: number;
  /** Of all connections together; Infinity: no bound. */
  readonly bytesPerSecond: number;
}

const CLEAR: FlowConditions = { isCut: false, delayMs: 0, bytesPerSecond: Infinity };
/** Bytes of one connection that may be on their way. */
const PENDING_BYTES_MAX = 1 << 22;

/** One direction of the way between two nodes: bytes from the one to the other, on whichever connection. */
export class Flow {
  /** Bytes that arrived. */
  bytes = 0;
  #conditions = CLEAR;
  #changed = Promise.withResolvers<void>();
  /** When the bandwidth is free again, by the monotonic clock. */
  #freeAtMs = 0;

  get isCut(): boolean {
    return this.#conditions.isCut;
  }

  /** Changes conditions; those not named stay. */
  set(conditions: Partial<FlowConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  clear(): void {
    this.set(CLEAR);
  }

  /** Carries what comes in to where it goes, and its end; until one of the sockets is gone. Never rejects. */
  async carry(source: Socket, destination: Socket): Promise<void> {
    const way = new Way();
    destination.once('close', () => way.end());
    const delivered = this.#deliver(way, destination);
    try {
      for await (const piece of source) {
        const bytes = piece as Buffer;
        await way.put({ bytes, dueMs: performance.now() + this.#conditions.delayMs });
        if (way.isOver) break;
      }
    } catch {
      // A reset: the other side is told below, when word gets through.
    }
    way.finish();
    await delivered;
  }

  async #deliver(way: Way, destination: Socket): Promise<void> {
    for (;;) {
      const piece = await way.take();
      if (piece === undefined) break;
      const early = piece.dueMs - performance.now();
      if (early > 0) await wait(early);
      await this.#passable(way);
      await this.#throttle(piece.bytes.length);
      if (way.isOver) return;
      this.bytes += piece.bytes.length;
      if (!destination.write(piece.bytes)) await drained(destination);
    }
    await this.#passable(way);
    if (!destination.destroyed) destination.end();
  }

  async #passable(way: Way): Promise<void> {
    while (this.#conditions.isCut && !way.isOver) {
      await Promise.race([this.#changed.promise, way.over]);
    }
  }

  async #throttle(bytes: number): Promise<void> {
    const { bytesPerSecond } = this.#conditions;
    if (bytesPerSecond === Infinity) return;
    const now = performance.now();
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes / bytesPerSecond) * 1_000;
    await wait(this.#freeAtMs - now);
  }
}

interface Piece {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** Bytes of one connection on their way: a bounded queue. */
class Way {
  readonly #pieces: Piece[] = [];
  readonly #over = Promise.withResolvers<void>();
  #bytes = 0;
  #isFinished = false;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  /** Nobody is there any more to take anything. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  end(): void {
    this.#isOver = true;
    this.#over.resolve();
    this.#wake();
  }

  /** Nothing more comes. */
  finish(): void {
    this.#isFinished = true;
    this.#wake();
  }

  async put(piece: Piece): Promise<void> {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
    this.#wake();
    while (this.#bytes > PENDING_BYTES_MAX && !this.#isOver) await this.#changed.promise;
  }

  /** Undefined: nothing more comes. */
  async take(): Promise<Piece | undefined> {
    for (;;) {
      if (this.#isOver) return undefined;
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#bytes -= piece.bytes.length;
        this.#wake();
        return piece;
      }
      if (this.#isFinished) return undefined;
      await this.#changed.promise;
    }
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      socket.off('drain', end);
      socket.off('close', end);
      resolve();
    };
    socket.once('drain', end);
    socket.once('close', end);
    if (socket.destroyed) end();
  });
}
