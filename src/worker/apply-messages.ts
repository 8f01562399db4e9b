import type { SerializedError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { BuildJob, BuildReason } from '../index/segment/build-job.ts';
import type { IndexView } from '../index/segment/index-view.ts';
import type { ShardEntry } from '../sharding/shard-applier.ts';
import type { CallMessage, ReplyMessage } from './request-channel.ts';

/** What is asked of the apply thread, with what it replies. */
export type ApplyCall =
  /** Replies a `BatchOutcome`, after all of it is durable and searches see it. */
  | { readonly kind: 'apply'; readonly entries: readonly ShardEntry[] }
  /** A collection is new or its schema changed; replies nothing, when searches use it. */
  | { readonly kind: 'adopt'; readonly schema: CollectionSchema }
  | { readonly kind: 'drop'; readonly collection: number }
  | { readonly kind: 'optimize'; readonly collection: number }
  /** Replies `CollectionState`. */
  | { readonly kind: 'describe'; readonly collection: number }
  /** Replies `ShardSize[]`. */
  | { readonly kind: 'measureShards' }
  /** Replies the applied indexes, by shard, after stores that had failed were tried again. */
  | { readonly kind: 'probe'; readonly reopen: boolean }
  | { readonly kind: 'close' };

/** A collection on this node. */
export interface CollectionState {
  readonly points: number;
  readonly segments: readonly {
    readonly kind: 'growing' | 'sealed';
    readonly rows: number;
    readonly deletedRows: number;
    readonly bytes: number;
  }[];
  readonly building: boolean;
}

/** A line for the node's log. */
export interface LogMessage {
  readonly kind: 'log';
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

/** What the apply thread is told. */
export type ApplyThreadInput =
  | CallMessage<ApplyCall>
  /** All search threads have adopted the view. */
  | { readonly kind: 'viewAdopted'; readonly collection: number; readonly version: number };

/** What the apply thread tells. */
export type ApplyThreadOutput =
  | ReplyMessage
  | LogMessage
  /** Recovery is over; the applied indexes, by shard. */
  | { readonly kind: 'ready'; readonly appliedIndexes: ReadonlyMap<number, number> }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  /** For all search threads, before any reply that follows. */
  | { readonly kind: 'view'; readonly view: IndexView }
  | { readonly kind: 'viewDropped'; readonly collection: number }
  /** A dropped collection's points are all gone. */
  | { readonly kind: 'swept'; readonly collection: number };

/** What is asked of the builder thread; replies `BuiltSegment`. */
export type BuilderCall = { readonly kind: 'build'; readonly job: BuildJob };

/** What the builder thread tells the main thread: a build succeeded. */
export interface BuilderThreadOutput {
  readonly kind: 'built';
  readonly reason: BuildReason;
  /** Of what was built. */
  readonly rows: number;
  readonly seconds: number;
}
