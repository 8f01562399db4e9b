import type { Clock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';

export interface LogRoomOptions {
  /** Bytes of the log's disk that are free; undefined: not known. Costs a system call. */
  readonly freeBytes: () => number | undefined;
  /** Bytes that stay free: what is committed has to be applied, and what other nodes send has to be written. */
  readonly floorBytes: number;
  readonly clock: Clock;
}

/** Milliseconds for which a reading is good, less what was taken since. */
const READING_MS = 20;
/** A command that frees room may use some of what stays free. */
const SMALL_BYTES = 256;
const SMALL_SHARE = 0.25;

/** Refuses commands in time: a log whose disk is full can write nothing at all any more, and its node has to end. */
export class LogRoom {
  readonly #options: LogRoomOptions;
  #leftBytes = 0;
  #readAtMs = -Infinity;

  constructor(options: LogRoomOptions) {
    this.#options = options;
  }

  /**
   * @param bytes - of a command that is about to be proposed
   * @throws {VectorDbError} DISK_FULL
   */
  take(bytes: number): void {
    const { floorBytes } = this.#options;
    const floor = bytes <= SMALL_BYTES ? floorBytes * SMALL_SHARE : floorBytes;
    const left = this.#left() - bytes;
    if (left < floor) {
      throw new VectorDbError(
        'DISK_FULL',
        `the disk has ${Math.max(0, this.#leftBytes)} bytes free, and ${floorBytes} have to stay free; writes are refused`,
        { retryAfterMs: 1_000 },
      );
    }
    this.#leftBytes = left;
  }

  #left(): number {
    const { freeBytes, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#readAtMs >= READING_MS) {
      this.#leftBytes = freeBytes() ?? Infinity;
      this.#readAtMs = nowMs;
    }
    return this.#leftBytes;
  }
}
