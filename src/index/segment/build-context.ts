import { VectorDbError } from '../../base/error.ts';

/** What a build needs of the thread it runs on. */
export interface BuildContext {
  /** The thread's lane in arenas. */
  readonly lane: number;
  readonly signal: AbortSignal;
  /** Awaited every few hundred rows, so that the thread can do something else. */
  readonly breathe: () => Promise<void>;
  /** Rows that are done, and all of them; counts up once for each named vector. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** @throws {VectorDbError} CANCELLED */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new VectorDbError('CANCELLED', 'the build was given up');
}
