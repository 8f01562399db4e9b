import { must } from '../../base/assert.ts';
import type { ReplicaId } from '../core/configuration.ts';
import type { Entry, EntryId, EntryKind, LogIndex, Term } from '../core/entry.ts';
import type { HardState } from '../core/hard-state.ts';
import type { GroupId } from './log-storage.ts';
import { readSafeInteger, writeSafeInteger } from './safe-integer.ts';

/**
 * What one record says of a group: everything is decided in it, so that it means the same whatever else is known. The parts take effect in the order of
 * the fields.
 */
export interface GroupRecord {
  readonly kind: 'write' | 'moved';
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly create: boolean;
  readonly snapshot: SnapshotPart | undefined;
  readonly hardState: HardState | undefined;
  /** One after the other, of one term; empty: none. */
  readonly entries: readonly Entry[];
  readonly compactTo: EntryId | undefined;
  readonly destroy: boolean;
}

/** The log starts anew behind `last`. */
export interface SnapshotPart {
  readonly last: EntryId;
  readonly generation: number;
  /** Whether the log had that entry, so that those behind it stay. */
  readonly keepsTail: boolean;
}

/** A run of entries as a record has it, without their data. */
export interface EntryTable {
  readonly first: LogIndex;
  readonly count: number;
  readonly term: Term;
}

/** A record as it is read back: its entries stay on disk. */
export interface StoredRecord extends Omit<GroupRecord, 'entries' | 'kind' | 'group' | 'replica'> {
  readonly table: EntryTable | undefined;
}

const CREATE = 1;
const SNAPSHOT = 2;
const HARD_STATE = 4;
const ENTRIES = 8;
const COMPACT = 16;
const DESTROY = 32;
const KEEPS_TAIL = 64;
const ALL_FLAGS = 127;
const ENTRY_KINDS: readonly EntryKind[] = ['command', 'configuration', 'empty'];
const TABLE_HEAD_BYTES = 20;
const TABLE_ROW_BYTES = 5;

/** Bytes of a record's body. */
export function groupRecordBytes(record: GroupRecord): number {
  let bytes = 4;
  if (record.snapshot !== undefined) bytes += 24;
  if (record.hardState !== undefined) bytes += 24;
  if (record.compactTo !== undefined) bytes += 16;
  if (record.entries.length === 0) return bytes;
  bytes += TABLE_HEAD_BYTES + TABLE_ROW_BYTES * record.entries.length;
  for (const { data } of record.entries) bytes += data.length;
  return bytes;
}

/** Writes a record's body, {@link groupRecordBytes} long, at `at` of `bytes`; `view` is of the same bytes. */
export function encodeGroupRecord(
  record: GroupRecord,
  bytes: Uint8Array,
  view: DataView,
  at: number,
): void {
  const { snapshot, hardState, entries, compactTo } = record;
  const flags =
    (record.create ? CREATE : 0) |
    (snapshot === undefined ? 0 : SNAPSHOT) |
    (hardState === undefined ? 0 : HARD_STATE) |
    (entries.length === 0 ? 0 : ENTRIES) |
    (compactTo === undefined ? 0 : COMPACT) |
    (record.destroy ? DESTROY : 0) |
    (snapshot?.keepsTail === true ? KEEPS_TAIL : 0);
  view.setUint32(at, flags, true);
  let place = at + 4;
  const put = (value: number): void => {
    writeSafeInteger(view, place, value);
    place += 8;
  };
  if (snapshot !== undefined) {
    put(snapshot.last.index);
    put(snapshot.last.term);
    put(snapshot.generation);
  }
  if (hardState !== undefined) {
    put(hardState.term);
    put(hardState.vote);
    put(hardState.commit);
  }
  if (compactTo !== undefined) {
    put(compactTo.index);
    put(compactTo.term);
  }
  const [first] = entries;
  if (first === undefined) return;
  put(first.index);
  put(first.term);
  view.setUint32(place, entries.length, true);
  place += 4;
  let dataAt = place + TABLE_ROW_BYTES * entries.length;
  for (const { kind, data } of entries) {
    view.setUint8(place, ENTRY_KINDS.indexOf(kind));
    view.setUint32(place + 1, data.length, true);
    place += TABLE_ROW_BYTES;
    bytes.set(data, dataAt);
    dataAt += data.length;
  }
}

/** Reads a body whose CRC is right; undefined where it is no body that this program knows. */
export function decodeGroupRecord(body: Uint8Array): StoredRecord | undefined {
  const reader = new BodyReader(body);
  const flags = reader.uint32();
  if (flags > ALL_FLAGS) return undefined;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const snapshot = has(SNAPSHOT)
    ? {
        last: { index: reader.integer(), term: reader.integer() },
        generation: reader.integer(),
        keepsTail: has(KEEPS_TAIL),
      }
    : undefined;
  const hardState = has(HARD_STATE)
    ? { term: reader.integer(), vote: reader.integer(), commit: reader.integer() }
    : undefined;
  const compactTo = has(COMPACT) ? { index: reader.integer(), term: reader.integer() } : undefined;
  const table = has(ENTRIES) ? reader.table() : undefined;
  if (!reader.isWhole) return undefined;
  return { create: has(CREATE), snapshot, hardState, table, compactTo, destroy: has(DESTROY) };
}

/** The entries of a body that {@link decodeGroupRecord} knows; their data are parts of it. */
export function decodeEntries(body: Uint8Array): readonly Entry[] {
  const reader = new BodyReader(body);
  const flags = reader.uint32();
  reader.skip(
    ((flags & SNAPSHOT) === 0 ? 0 : 24) +
      ((flags & HARD_STATE) === 0 ? 0 : 24) +
      ((flags & COMPACT) === 0 ? 0 : 16),
  );
  return reader.entries();
}

class BodyReader {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #isWhole = true;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** Everything was there, and nothing is left. */
  get isWhole(): boolean {
    return this.#isWhole && this.#at === this.#body.length;
  }

  uint32(): number {
    const value = this.#has(4) ? this.#view.getUint32(this.#at, true) : 0;
    this.#at += 4;
    return value;
  }

  integer(): number {
    const value = this.#has(8) ? readSafeInteger(this.#view, this.#at) : 0;
    this.#at += 8;
    if (Number.isNaN(value)) this.#isWhole = false;
    return value;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** Reads a table of entries and passes over their data. */
  table(): EntryTable {
    const table = { first: this.integer(), term: this.integer(), count: this.uint32() };
    let data = 0;
    if (this.#has(TABLE_ROW_BYTES * table.count)) {
      for (let row = 0; row < table.count; row += 1) {
        if (this.#kind(row) === undefined) this.#isWhole = false;
        data += this.#dataBytes(row);
      }
    }
    this.#at += TABLE_ROW_BYTES * table.count + data;
    return table;
  }

  entries(): readonly Entry[] {
    const [first, term, count] = [this.integer(), this.integer(), this.uint32()];
    let dataAt = this.#at + TABLE_ROW_BYTES * count;
    return Array.from({ length: count }, (_, row) => {
      const kind = must(this.#kind(row), 'an entry is of a known kind');
      const data = this.#body.subarray(dataAt, dataAt + this.#dataBytes(row));
      dataAt += data.length;
      return { term, index: first + row, kind, data };
    });
  }

  #kind(row: number): EntryKind | undefined {
    return ENTRY_KINDS[this.#view.getUint8(this.#at + TABLE_ROW_BYTES * row)];
  }

  #dataBytes(row: number): number {
    return this.#view.getUint32(this.#at + TABLE_ROW_BYTES * row + 1, true);
  }

  #has(bytes: number): boolean {
    if (this.#at + bytes > this.#body.length) this.#isWhole = false;
    return this.#isWhole;
  }
}
