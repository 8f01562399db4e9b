import type { Clock } from '../../base/clock.ts';
import type { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { GrapeCaller } from '../../client/grpc/grape-connection.ts';
import type { PointInputMessage } from '../../client/grpc/grape-messages.ts';
import type { ImportPoint, ImportSource, SourcePosition } from '../source/import-source.ts';
import { AcknowledgedPrefix } from './acknowledged-prefix.ts';
import { withRetries } from './retry-policy.ts';
import { idMessage, vectorMessage } from '../../client/grpc/point-message.ts';

export interface ImportRunOptions {
  readonly caller: GrapeCaller;
  readonly source: ImportSource;
  readonly collection: string;
  /** Where to begin. */
  readonly from: SourcePosition;
  /** Points of the source to import, those before `from` counted; absent: all. */
  readonly limit?: number | undefined;
  /** Points of one request. */
  readonly batch: number;
  /** Requests under way at the same time. */
  readonly concurrency: number;
  /** Of one request. */
  readonly timeoutMs: number;
  /** For how long a request that fails is tried again. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the run: no more requests are begun, those under way are waited for. */
  readonly signal: AbortSignal;
  /** Told of every step forward. */
  readonly onProgress: (acknowledged: SourcePosition) => Promise<void> | void;
  readonly onRetry: (error: VectorDbError, waitMs: number) => void;
}

/** What an import did. */
export interface ImportOutcome {
  /** Everything before it is written. */
  readonly acknowledged: SourcePosition;
  /** Points written by this run; those of requests behind a failed one are counted too. */
  readonly written: number;
  /** What ended the run early: undefined when it reached the end or was told to stop. */
  readonly error?: unknown;
  /** It was told to stop. */
  readonly stopped: boolean;
}

/** Writes a source's points in batches, several at a time, in the source's order where the server is concerned with none. */
export async function runImport(options: ImportRunOptions): Promise<ImportOutcome> {
  const prefix = new AcknowledgedPrefix(options.from);
  const underWay = new Set<Promise<void>>();
  // An own end: a batch that fails for good ends the reading, and the pauses of the other batches.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  let written = 0;
  let error: unknown;
  const fail = (thrown: unknown): void => {
    if (!options.signal.aborted) error ??= thrown;
    failure.abort();
  };
  const send = async (points: readonly ImportPoint[], after: SourcePosition): Promise<void> => {
    const batch = prefix.begin();
    try {
      await sendBatch(options, points, signal);
      written += points.length;
      const before = prefix.reached;
      prefix.end(batch, after);
      if (prefix.reached !== before) await options.onProgress(prefix.reached);
    } catch (thrown) {
      fail(thrown);
    }
  };
  try {
    for await (const { points, after } of batches(options)) {
      if (signal.aborted) break;
      const sent = send(points, after).finally(() => underWay.delete(sent));
      underWay.add(sent);
      if (underWay.size >= options.concurrency) await Promise.race(underWay);
      if (signal.aborted) break;
    }
  } catch (thrown) {
    fail(thrown);
  }
  await Promise.all(underWay);
  const stopped = options.signal.aborted;
  return {
    acknowledged: prefix.reached,
    written,
    stopped,
    ...(error === undefined ? {} : { error }),
  };
}

async function* batches(
  options: ImportRunOptions,
): AsyncGenerator<{ points: ImportPoint[]; after: SourcePosition }, void, void> {
  const { source, from, limit = Infinity, batch } = options;
  if (from.row >= limit) return;
  let points: ImportPoint[] = [];
  let last = from;
  for await (const { point, after } of source.points(from)) {
    points.push(point);
    last = after;
    if (points.length >= batch || after.row >= limit) {
      yield { points, after };
      points = [];
    }
    if (after.row >= limit) return;
  }
  if (points.length > 0) yield { points, after: last };
}

async function sendBatch(
  options: ImportRunOptions,
  points: readonly ImportPoint[],
  signal: AbortSignal,
): Promise<void> {
  const request = { collection: options.collection, points: points.map(pointMessage) };
  const { caller, clock, random, patienceMs, timeoutMs, onRetry } = options;
  await withRetries({ clock, random, patienceMs, signal, onRetry }, () =>
    caller.call('Points.Upsert', request, { timeoutMs }),
  );
}

function pointMessage(point: ImportPoint): PointInputMessage {
  return {
    id: idMessage(point.id),
    vectors: Object.fromEntries(
      Object.entries(point.vectors).map(([name, vector]) => [name, vectorMessage(vector)]),
    ),
    payloadJson: point.payload,
  };
}
