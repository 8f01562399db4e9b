import { SEARCH_STAGES, type SearchStage } from '../index/search/stage-timer.ts';
import type { ReadResponses, SearchQuery } from './read-messages.ts';

/** Bytes of a slot: a query of 16,000 numbers, or an answer of a few hundred points without vectors. */
export const SLOT_BYTES = 65_536;
const HEAD_BYTES = 64;
const FLAG = { exact: 1, timed: 2, payload: 4, vectors: 8, threshold: 16, shards: 32 } as const;
const ANSWERED = { here: 1, elsewhere: 2 } as const;

/*
 * A query: collection, limit, offset, ef, flags, dimension, bytes of the vector's name, number of shards, all i32; at byte 32 score threshold and id of the
 * read, f64; then the vector, f32, the shards, u16, and the vector's name. An answer takes its place: where it is and bytes of its points, i32; whether there are stages, i32; at
 * byte 16 milliseconds by stage and on the thread, f64; then the points. Numbers are the machine's own: a slot never leaves the process.
 */

/** Shared memory for one search at a time: the plain query on its way to a search thread, then its answer on the way back. */
export class SearchSlot {
  readonly #integers: Int32Array;
  readonly #doubles: Float64Array;
  readonly #floats: Float32Array;
  readonly #bytes: Buffer;

  /** @param offset - of the slot in `memory`, a multiple of 8 */
  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#integers = new Int32Array(memory, offset, HEAD_BYTES / 4);
    this.#doubles = new Float64Array(memory, offset, HEAD_BYTES / 8);
    this.#floats = new Float32Array(memory, offset + HEAD_BYTES, (SLOT_BYTES - HEAD_BYTES) / 4);
    this.#bytes = Buffer.from(memory, offset + HEAD_BYTES, SLOT_BYTES - HEAD_BYTES);
  }

  /** Puts a query in; false, and nothing is in it, where the query has more than numbers and flags or does not fit. */
  writeQuery(id: number, query: SearchQuery): boolean {
    const { select, vector, using, scoreThreshold, shards } = query;
    if (query.filter !== undefined || query.explain) return false;
    if (typeof select.payload !== 'boolean' || typeof select.vectors !== 'boolean') return false;
    const nameAt = vector.byteLength + (shards?.byteLength ?? 0);
    if (nameAt + 4 * using.length > this.#bytes.length) return false;
    const { exact, timed } = query;
    const integers = this.#integers;
    integers[0] = query.collection;
    integers[1] = query.limit;
    integers[2] = query.offset;
    integers[3] = query.ef;
    integers[4] =
      (exact ? FLAG.exact : 0) |
      (timed ? FLAG.timed : 0) |
      (select.payload ? FLAG.payload : 0) |
      (select.vectors ? FLAG.vectors : 0) |
      (scoreThreshold === undefined ? 0 : FLAG.threshold) |
      (shards === undefined ? 0 : FLAG.shards);
    integers[5] = vector.length;
    integers[6] = using === '' ? 0 : this.#bytes.write(using, nameAt);
    integers[7] = shards?.length ?? 0;
    if (shards !== undefined) this.#bytes.set(bytesOf(shards), vector.byteLength);
    this.#doubles[4] = scoreThreshold ?? 0;
    this.#doubles[5] = id;
    this.#floats.set(vector);
    return true;
  }

  /** The query's read, as the pool numbers them. */
  readId(): number {
    return this.#doubles[5] as number;
  }

  /** @param vector - takes the numbers where it is as long as they are many; what is returned has it or a new one */
  readQuery(vector: Float32Array): SearchQuery {
    const integers = this.#integers;
    const flags = integers[4] as number;
    const dimension = integers[5] as number;
    const own = vector.length === dimension ? vector : new Float32Array(dimension);
    own.set(this.#floats.subarray(0, dimension));
    const nameBytes = integers[6] as number;
    const shardsAt = dimension * 4;
    const shards = new Uint16Array(integers[7] as number);
    const nameAt = shardsAt + shards.byteLength;
    bytesOf(shards).set(this.#bytes.subarray(shardsAt, nameAt));
    return {
      collection: integers[0] as number,
      ...((flags & FLAG.shards) !== 0 && { shards }),
      using: nameBytes === 0 ? '' : this.#bytes.toString('utf8', nameAt, nameAt + nameBytes),
      vector: own,
      limit: integers[1] as number,
      offset: integers[2] as number,
      ef: integers[3] as number,
      exact: (flags & FLAG.exact) !== 0,
      filter: undefined,
      scoreThreshold: (flags & FLAG.threshold) === 0 ? undefined : this.#doubles[4],
      select: { payload: (flags & FLAG.payload) !== 0, vectors: (flags & FLAG.vectors) !== 0 },
      explain: false,
      timed: (flags & FLAG.timed) !== 0,
    };
  }

  /** Puts an answer in the query's place; false where it does not fit. */
  writeAnswer({ points, stages }: ReadResponses['search']): boolean {
    if (points.length > this.#bytes.length) return false;
    this.#integers[0] = ANSWERED.here;
    this.#integers[1] = points.length;
    this.#integers[2] = stages === undefined ? 0 : 1;
    if (stages !== undefined) {
      for (const [i, stage] of SEARCH_STAGES.entries()) this.#doubles[2 + i] = stages[stage] ?? -1;
      this.#doubles[2 + SEARCH_STAGES.length] = stages.thread;
    }
    this.#bytes.set(points);
    return true;
  }

  /** Says that the answer, or an error, comes as a message. */
  writeElsewhere(): void {
    this.#integers[0] = ANSWERED.elsewhere;
  }

  /** The answer, copied; undefined where it comes as a message. */
  readAnswer(): ReadResponses['search'] | undefined {
    if (this.#integers[0] === ANSWERED.elsewhere) return undefined;
    const points = new Uint8Array(this.#integers[1] as number);
    points.set(this.#bytes.subarray(0, points.length));
    return { points, explanation: undefined, stages: this.#readStages() };
  }

  #readStages(): ReadResponses['search']['stages'] {
    if (this.#integers[2] === 0) return undefined;
    const stages: Partial<Record<SearchStage, number>> = {};
    for (const [i, stage] of SEARCH_STAGES.entries()) {
      const milliseconds = this.#doubles[2 + i] as number;
      if (milliseconds >= 0) stages[stage] = milliseconds;
    }
    return { ...stages, thread: this.#doubles[2 + SEARCH_STAGES.length] as number };
  }
}

function bytesOf(shards: Uint16Array): Uint8Array {
  return new Uint8Array(shards.buffer, shards.byteOffset, shards.byteLength);
}
