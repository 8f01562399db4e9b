import { type Clock, pause } from '../../base/clock.ts';

export interface TokenBucketOptions {
  readonly clock: Clock;
  readonly bytesPerSecond: number;
  /** Bytes that may go at once after a rest. */
  readonly burstBytes: number;
}

/** Bounds a rate of bytes over all who share it. Who takes more than there is goes into debt, and waits until it is paid. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #bytes: number;
  #countedMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#bytes = options.burstBytes;
    this.#countedMs = options.clock.monotonicMs();
  }

  /** Resolves when the bytes may go; an aborted signal ends the wait early. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const { clock, bytesPerSecond, burstBytes } = this.#options;
    const nowMs = clock.monotonicMs();
    const earned = ((nowMs - this.#countedMs) / 1000) * bytesPerSecond;
    this.#countedMs = nowMs;
    this.#bytes = Math.min(burstBytes, this.#bytes + earned) - bytes;
    if (this.#bytes >= 0) return;
    await pause(clock, (-this.#bytes / bytesPerSecond) * 1000, signal);
  }
}
