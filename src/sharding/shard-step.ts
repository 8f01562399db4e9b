import type { SerializedError } from '../base/error.ts';
import type { LogEntry } from './shard-state-machine.ts';

/** A row that the host of the replicated state keeps beside it: bytes, or the result of the step's command at a place; `undefined`: it goes. */
export interface StepRow {
  readonly key: string;
  readonly value: Uint8Array | { readonly resultOf: number } | undefined;
}

/** What a shard's log asks for in one atomic step. Plain data: it travels between threads. */
export interface ShardStep {
  readonly shard: number;
  /** The log index that the shard has come to before: a step does not follow one that failed. */
  readonly previous: number;
  /** In log order. */
  readonly commands: readonly LogEntry[];
  /** The entry that the step goes up to: not before the last command. */
  readonly last: { readonly term: number; readonly index: number };
  readonly rows: readonly StepRow[];
}

/**
 * What became of a step. `applied`: with the result of each command (`shard-result-codec.ts`). `failed`: the storage did not take it, and it may be tried again; a
 * crash before the next successful probe may still bring it back.
 */
export type StepOutcome =
  | { readonly kind: 'applied'; readonly results: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly error: SerializedError };
