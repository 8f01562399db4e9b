import type { WriteResult } from '../../database/vector-database.ts';
import { callerError } from '../error-mapping.ts';
import type * as wire from './generated/messages.ts';

/** Failed batches after which a stream is not read any further. */
const FAILED_BATCHES_MAX = 100;

/**
 * Writes batch after batch, each when the one before is done: so that a later batch has the last word on an id, and the caller is read no faster than it
 * is written.
 */
export async function upsertStream(
  messages: AsyncIterable<wire.UpsertRequest>,
  options: {
    readonly defaultCollection: string;
    readonly signal: AbortSignal;
    upsert(collection: string, message: wire.UpsertRequest): Promise<WriteResult>;
  },
): Promise<wire.UpsertSummary> {
  const errors: wire.BatchError[] = [];
  let collection = options.defaultCollection;
  let batches = 0;
  let points = 0;
  let changed = 0;
  for await (const message of messages) {
    const batch = batches;
    batches += 1;
    collection = message.collection || collection;
    try {
      const result = await options.upsert(collection, message);
      points += message.points?.length ?? 0;
      changed += result.changed;
    } catch (thrown) {
      options.signal.throwIfAborted();
      const { code, message: text, field, retryable } = callerError(thrown);
      // A bug is for the whole stream to end with, and for the log.
      if (code === 'INTERNAL') throw thrown;
      const count = message.points?.length ?? 0;
      errors.push({ batch, points: count, code, message: text, field: field ?? '', retryable });
      if (errors.length >= FAILED_BATCHES_MAX) {
        return { batches, points, changed, errors, stopped: true };
      }
    }
  }
  return { batches, points, changed, errors, stopped: false };
}
