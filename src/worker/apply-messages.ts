import type { SerializedError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { BuildJob, BuildReason } from '../index/segment/build-job.ts';
import type { IndexView } from '../index/segment/index-view.ts';
import type { PackedSteps } from './packed-steps.ts';
import type { CallMessage, ReplyMessage } from './request-channel.ts';
import type { EntryPlace } from './shard-replicas.ts';

/** What is asked of the apply thread, with what it replies. */
export type ApplyCall =
  /** Replies `PackedOutcomes`, after all of it is durable and searches see it. */
  | { readonly kind: 'applySteps'; readonly steps: PackedSteps }
  /** The other calls of `ShardCalls`, with what they reply. */
  | {
      readonly kind: 'openShard' | 'activateShard';
      readonly shard: number;
      readonly generation: number;
    }
  | {
      readonly kind: 'closeShard' | 'destroyShard' | 'hostRows' | 'takeSnapshot' | 'digest';
      readonly shard: number;
    }
  | {
      readonly kind: 'readSnapshot';
      readonly id: number;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly kind: 'closeSnapshot'; readonly id: number }
  | { readonly kind: 'stage'; readonly shard: number; readonly last: EntryPlace }
  | {
      readonly kind: 'writeStaged';
      readonly shard: number;
      readonly generation: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'finishStaged' | 'discardStaged';
      readonly shard: number;
      readonly generation: number;
    }
  /** A collection is new or its schema changed; replies nothing, when searches use it. */
  | { readonly kind: 'adopt'; readonly schema: CollectionSchema }
  | { readonly kind: 'drop'; readonly collection: number }
  | { readonly kind: 'adoptedAll'; readonly nextNumber: number }
  /** Replies those of the collections whose points are gone from all shards here. */
  | { readonly kind: 'swept'; readonly collections: readonly number[] }
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
  /** Calls are carried out from now on. */
  | { readonly kind: 'ready' }
  /** The shards whose points are all in the indexes; after the views that say so. */
  | { readonly kind: 'indexed'; readonly shards: ReadonlySet<number> }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  /** For all search threads, before any reply that follows. */
  | { readonly kind: 'view'; readonly view: IndexView }
  | { readonly kind: 'viewDropped'; readonly collection: number };

/** What is asked of the builder thread; replies `BuiltSegment`. */
export type BuilderCall = { readonly kind: 'build'; readonly job: BuildJob };

/** To the builder: the node ends, and what is being built or waits is given up. */
export interface AbandonMessage {
  readonly kind: 'abandon';
}

/** What the builder thread tells the main thread: a build succeeded. */
export interface BuilderThreadOutput {
  readonly kind: 'built';
  readonly reason: BuildReason;
  /** Of what was built. */
  readonly rows: number;
  readonly seconds: number;
}
