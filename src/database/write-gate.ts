import { VectorDbError } from '../base/error.ts';

/** How much there is, and how much there may be. */
export interface ResourceReading {
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** Free bytes on the data's disk; undefined where that cannot be told. */
  readonly diskFreeBytes: number | undefined;
  readonly diskFreeBytesMin: number;
}

/** Refuses writes while memory or disk is short; reads go on. */
export class WriteGate {
  #refusal: VectorDbError | undefined;

  /** Why writes are refused at present; undefined: they are not. */
  get reason(): string | undefined {
    return this.#refusal?.message;
  }

  update(reading: ResourceReading): void {
    this.#refusal = refusalFor(reading);
  }

  /** @throws {VectorDbError} MEMORY_LIMIT, DISK_FULL */
  pass(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }
}

const RETRY_AFTER_MS = 1_000;

function refusalFor(reading: ResourceReading): VectorDbError | undefined {
  if (reading.memoryBytes > reading.memoryLimitBytes) {
    return new VectorDbError(
      'MEMORY_LIMIT',
      `memory in use (${reading.memoryBytes} bytes) is above its limit (${reading.memoryLimitBytes}); writes are refused`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
  if (reading.diskFreeBytes !== undefined && reading.diskFreeBytes < reading.diskFreeBytesMin) {
    return new VectorDbError(
      'DISK_FULL',
      `free disk space (${reading.diskFreeBytes} bytes) is below its minimum (${reading.diskFreeBytesMin}); writes are refused`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
  return undefined;
}
