import type { PointKey } from '../base/point-id.ts';
import type { SerializedError } from '../base/error.ts';
import type { SearchExplanation } from '../index/search-explanation.ts';
import type { Selectors } from '../index/selectors.ts';
import type { Filter } from '../index/filter/filter.ts';
import type { SearchStage } from '../index/search/stage-timer.ts';
import type { IndexView } from '../index/segment/index-view.ts';

/** One search of one collection, checked and with all defaults filled in. */
export interface SearchQuery {
  readonly collection: number;
  /** Only points of these shards, ascending; absent: all that are here. */
  readonly shards?: Uint16Array;
  readonly using: string;
  /** Exactly `dimension` numbers; of length 1 under cosine. */
  readonly vector: Float32Array;
  readonly limit: number;
  readonly offset: number;
  readonly ef: number;
  readonly exact: boolean;
  readonly filter: Filter | undefined;
  readonly scoreThreshold: number | undefined;
  readonly select: Selectors;
  readonly explain: boolean;
  /** Whether to tell where the time went. */
  readonly timed: boolean;
}

/** What is asked of a search thread. */
export type ReadRequest =
  | { readonly kind: 'search'; readonly query: SearchQuery }
  | {
      readonly kind: 'get';
      readonly collection: number;
      readonly keys: readonly PointKey[];
      readonly shards: Uint16Array;
      readonly select: Selectors;
    }
  | {
      readonly kind: 'scroll';
      readonly collection: number;
      readonly shards?: Uint16Array;
      readonly filter: Filter | undefined;
      readonly from: PointKey | undefined;
      readonly limit: number;
      readonly select: Selectors;
    }
  | {
      readonly kind: 'count';
      readonly collection: number;
      readonly shards?: Uint16Array;
      readonly filter: Filter | undefined;
    }
  /** Keys that match, ascending, from `from` (inclusive) on, at most `limit`. */
  | {
      readonly kind: 'matching';
      readonly collection: number;
      readonly shards?: Uint16Array;
      readonly filter: Filter;
      readonly from: PointKey | undefined;
      readonly limit: number;
    };

/** Answers, by the kind of their request; points travel packed (`packed-points.ts`). */
export interface ReadResponses {
  readonly search: {
    readonly points: Uint8Array;
    readonly explanation: SearchExplanation | undefined;
    /** Milliseconds by stage, and on the thread in all; where the query asked. */
    readonly stages:
      | (Readonly<Partial<Record<SearchStage, number>>> & { readonly thread: number })
      | undefined;
  };
  readonly get: { readonly points: Uint8Array };
  readonly scroll: { readonly points: Uint8Array; readonly next: PointKey | undefined };
  readonly count: { readonly count: number };
  readonly matching: { readonly keys: readonly PointKey[] };
}

export type ReadKind = ReadRequest['kind'];
export type ReadResponse = ReadResponses[ReadKind];

/** Main thread to search thread. All but reads, mail and `close` are orders, which the mailbox counts. */
export type SearchThreadInput =
  | { readonly kind: 'read'; readonly id: number; readonly request: ReadRequest }
  /** There are searches in the mailbox. */
  | { readonly kind: 'mail' }
  | { readonly kind: 'view'; readonly id: number; readonly view: IndexView }
  | { readonly kind: 'drop'; readonly collection: number }
  /** Stores are closed once no read is under way, and opened again: reads wait in between. */
  | { readonly kind: 'releaseStores' | 'resumeStores'; readonly id: number }
  /** A shard is here from now on. */
  | {
      readonly kind: 'openShard';
      readonly id: number;
      readonly shard: number;
      readonly generation: number;
    }
  /** Its store is closed once no read is under way; reads of it are refused from now on. */
  | { readonly kind: 'closeShard'; readonly id: number; readonly shard: number }
  | { readonly kind: 'close' };

/** Search thread to main thread. */
export type SearchThreadOutput =
  | { readonly kind: 'ready' }
  /** There are answers in the mailbox. */
  | { readonly kind: 'mail' }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  /** The view of that message is in use and its files are open. */
  | { readonly kind: 'adopted'; readonly id: number }
  /** Stores were opened, closed, released or opened again, or could not be. */
  | { readonly kind: 'storesTold'; readonly id: number; readonly error?: SerializedError }
  | { readonly kind: 'done'; readonly id: number; readonly response: ReadResponse }
  | { readonly kind: 'error'; readonly id: number; readonly error: SerializedError }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly event: string;
      readonly fields: Record<string, unknown>;
    };
