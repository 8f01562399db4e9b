import type { ReadRequest, ReadResponses } from '../worker/read-messages.ts';
import type { ReadOptions } from './vector-database.ts';

/** Answers reads that were checked: on this node, or on as many as it takes. */
export interface ReadExecutor {
  /**
   * @throws {VectorDbError} OVERLOADED when a queue is full; DEADLINE_EXCEEDED when `signal` is aborted before the request was worked on; UNAVAILABLE where
   * shards cannot be read, unless `onMissingShards` is given
   */
  read<R extends ReadRequest>(request: R, options?: ReadOptions): Promise<ReadResponses[R['kind']]>;
}
