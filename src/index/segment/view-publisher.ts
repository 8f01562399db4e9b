import type { CollectionSchema } from '../collection-schema.ts';
import { CommittedSequence } from './committed-sequence.ts';
import type { IndexView, ShardOfView } from './index-view.ts';
import type { SegmentSet } from './segment-set.ts';

/** Hands a new view to every thread that searches. */
export type PublishView = (view: IndexView) => void | Promise<void>;

/** Makes views of a collection's segments and moves the newest one's `committed` on. */
export class ViewPublisher {
  readonly #publish: PublishView;
  #version = 0;
  #committed: CommittedSequence | undefined;
  readonly #adoptions = new Set<Promise<void>>();

  constructor(publish: PublishView) {
    this.#publish = publish;
  }

  /**
   * A view of the segments as they are, at a `committed` of its own; the one before stands still from now on.
   *
   * @param onAdopted - called once no thread uses an older view
   */
  publish(
    schema: CollectionSchema,
    segments: SegmentSet,
    shards: readonly ShardOfView[],
    sequence: number,
    onAdopted: () => void,
  ): void {
    this.#version += 1;
    const committed = CommittedSequence.create(sequence);
    this.#committed = new CommittedSequence(committed);
    const adopted = this.#publish({
      schema,
      version: this.#version,
      committed,
      shards,
      growing: segments.growing.map((segment) => segment.handle),
      sealed: segments.sealed.map((segment) => segment.handle),
    });
    if (adopted === undefined) return onAdopted();
    const adoption = adopted.then(onAdopted);
    this.#adoptions.add(adoption);
    void adoption.finally(() => this.#adoptions.delete(adoption));
    return undefined;
  }

  /** Resolves when every view that was handed out is adopted: until then some thread may still open its files. */
  async settled(): Promise<void> {
    await Promise.all(this.#adoptions);
  }

  /** Makes what was written for `sequence` visible in the newest view. */
  commit(sequence: number): void {
    this.#committed?.store(sequence);
  }
}
