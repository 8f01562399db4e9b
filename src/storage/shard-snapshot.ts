import { must } from '../base/assert.ts';
import type { KeyValueStore, StoreEntry, StoreSnapshot } from './key-value-store.ts';
import { replicatedRows } from './replicated-rows.ts';
import { ShardReader } from './shard-reader.ts';
import type { ShardState } from './shard-rows.ts';
import { encodeFrame, rowBytes } from './snapshot-frame.ts';

export interface ShardSnapshotOptions {
  readonly store: KeyValueStore;
  readonly shard: number;
  readonly shardCount: number;
}

/** Bytes of rows after which a frame ends; one row alone may be larger. */
const FRAME_BYTES = 256 * 1024;

/** Where a frame begins, and what is in it: how many rows came before, and the first key; `undefined`: nothing is left but the end. */
interface FrameStart {
  readonly offset: number;
  readonly rowsBefore: number;
  readonly from: Uint8Array | 'head' | undefined;
}

interface MadeFrame {
  readonly start: FrameStart;
  readonly bytes: Buffer;
}

/**
 * A shard's replicated state as of one moment, as a stream of bytes that can be read from any place that was reached before, any number of times: the state stands still,
 * and the same state gives the same frames. Holds one iterator and one frame in memory.
 */
export class ShardSnapshot implements AsyncDisposable {
  /** The entry that the state is as of. */
  readonly last: { readonly term: number; readonly index: number };
  readonly #options: ShardSnapshotOptions;
  readonly #snapshot: StoreSnapshot;
  readonly #state: ShardState;
  readonly #dropped: ReadonlyMap<number, boolean>;
  /** Of all frames so far, ascending; the last one may be where the stream ends. */
  readonly #starts: FrameStart[] = [{ offset: 0, rowsBefore: 0, from: 'head' }];
  #frame: MadeFrame | undefined;
  #rows: RowCursor | undefined;
  #bytesInAll: number | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(
    options: ShardSnapshotOptions,
    snapshot: StoreSnapshot,
    state: ShardState,
    dropped: ReadonlyMap<number, boolean>,
  ) {
    this.#options = options;
    this.#snapshot = snapshot;
    this.#state = state;
    this.#dropped = dropped;
    this.last = { term: state.appliedTerm, index: state.appliedIndex };
  }

  /** As the shard is at the call. @throws {VectorDbError} DATA_CORRUPT, STORAGE_FAILED */
  static async take(options: ShardSnapshotOptions): Promise<ShardSnapshot> {
    const snapshot = options.store.snapshot();
    const reader = new ShardReader(options);
    const dropped = await reader.dropped({ snapshot });
    return new ShardSnapshot(options, snapshot, reader.state({ snapshot }), dropped);
  }

  /**
   * Bytes `offset` and on, at most `length`; fewer only at the end.
   *
   * @throws {VectorDbError} DATA_CORRUPT, STORAGE_FAILED; SHUTTING_DOWN where the store was closed meanwhile
   */
  read(offset: number, length: number): Promise<Uint8Array> {
    const turn = this.#tail.then(() => this.#read(offset, length));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail;
    await this.#rows?.close();
    await this.#snapshot[Symbol.asyncDispose]();
  }

  async #read(offset: number, length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let at = offset;
    while (at < offset + length) {
      const frame = await this.#frameAt(at);
      if (frame === undefined) break;
      const from = at - frame.start.offset;
      const part = frame.bytes.subarray(from, from + offset + length - at);
      parts.push(part);
      at += part.length;
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  /** The frame that holds a place; undefined behind the end. */
  async #frameAt(offset: number): Promise<MadeFrame | undefined> {
    const { start, bytes } = this.#frame ?? {};
    const isInside =
      start !== undefined &&
      bytes !== undefined &&
      offset >= start.offset &&
      offset < start.offset + bytes.length;
    if (isInside) return this.#frame;
    for (;;) {
      if (this.#bytesInAll !== undefined && offset >= this.#bytesInAll) return undefined;
      const known = must(
        this.#starts.findLast((each) => each.offset <= offset),
        'a stream begins at 0',
      );
      const frame = await this.#make(known);
      this.#frame = frame;
      if (offset < known.offset + frame.bytes.length) return frame;
    }
  }

  async #make(start: FrameStart): Promise<MadeFrame> {
    const { offset, rowsBefore, from } = start;
    if (from === 'head') {
      const { shard, shardCount } = this.#options;
      const { term, index } = this.last;
      const { epoch } = this.#state;
      const head = { shard, shardCount, term, index, epoch };
      const bytes = encodeFrame({ kind: 'head', head });
      const first = (await this.#cursorAt(undefined)).head?.key;
      this.#reach({ offset: bytes.length, rowsBefore, from: first });
      return { start, bytes };
    }
    if (from === undefined) {
      const bytes = encodeFrame({ kind: 'end', rows: rowsBefore });
      this.#bytesInAll = offset + bytes.length;
      return { start, bytes };
    }
    const cursor = await this.#cursorAt(from);
    const rows: StoreEntry[] = [];
    let size = 0;
    while (cursor.head !== undefined && size < FRAME_BYTES) {
      rows.push(cursor.head);
      size += rowBytes(cursor.head);
      await cursor.advance();
    }
    const bytes = encodeFrame({ kind: 'rows', rows });
    this.#reach({
      offset: offset + bytes.length,
      rowsBefore: rowsBefore + rows.length,
      from: cursor.head?.key,
    });
    return { start, bytes };
  }

  #reach(start: FrameStart): void {
    const last = must(this.#starts.at(-1), 'a stream begins somewhere');
    if (start.offset > last.offset) this.#starts.push(start);
  }

  /** A cursor that stands at a key; absent: at the first one. */
  async #cursorAt(from: Uint8Array | undefined): Promise<RowCursor> {
    const head = this.#rows?.head?.key;
    if (this.#rows !== undefined && from !== undefined && head !== undefined) {
      if (Buffer.compare(head, from) === 0) return this.#rows;
    }
    await this.#rows?.close();
    const { store } = this.#options;
    const options = { snapshot: this.#snapshot, dropped: this.#dropped };
    const slices = replicatedRows(store, from === undefined ? options : { ...options, from });
    this.#rows = new RowCursor(slices);
    await this.#rows.advance();
    return this.#rows;
  }
}

/** Goes through slices row by row. */
class RowCursor {
  readonly #slices: AsyncGenerator<readonly StoreEntry[], void, void>;
  #slice: readonly StoreEntry[] = [];
  #next = 0;
  /** The row it stands at; undefined: behind the last. */
  head: StoreEntry | undefined;

  constructor(slices: AsyncGenerator<readonly StoreEntry[], void, void>) {
    this.#slices = slices;
  }

  async advance(): Promise<void> {
    if (this.#next === this.#slice.length) {
      const { value } = await this.#slices.next();
      this.#slice = value ?? [];
      this.#next = 0;
    }
    this.head = this.#slice[this.#next];
    if (this.head !== undefined) this.#next += 1;
  }

  async close(): Promise<void> {
    await this.#slices.return();
  }
}
