import { type PointKey, pointKeyText } from '../../src/base/point-id.ts';
import type { RecoverySource } from '../../src/index/segment/recovery.ts';
import type { StoredRecord } from '../../src/index/segment/shard-fill.ts';

/** A shard's store of one collection in memory, with its journal. */
export class MemoryRecoverySource implements RecoverySource {
  readonly #collection: number;
  readonly #records = new Map<string, { key: PointKey; record: StoredRecord }>();
  #journal: { index: number; collection: number; keys: PointKey[] }[] = [];
  appliedIndex = 0;
  journalStart = 1;
  readonly lineage: number;

  constructor(collection: number, lineage = 0) {
    this.#collection = collection;
    this.lineage = lineage;
  }

  /** What a snapshot of it becomes on another node: the same points under another lineage, without the journal. */
  copy(lineage: number): MemoryRecoverySource {
    const copy = new MemoryRecoverySource(this.#collection, lineage);
    for (const [text, row] of this.#records) copy.#records.set(text, row);
    copy.appliedIndex = this.appliedIndex;
    copy.journalStart = this.appliedIndex + 1;
    return copy;
  }

  /** Writes the point, or removes it; the next log index is its version. */
  write(key: PointKey, record: Omit<StoredRecord, 'version'> | undefined): number {
    this.appliedIndex += 1;
    const version = this.appliedIndex;
    if (record === undefined) this.#records.delete(pointKeyText(key));
    else this.#records.set(pointKeyText(key), { key, record: { ...record, version } });
    this.#journal.push({ index: version, collection: this.#collection, keys: [key] });
    return version;
  }

  trim(upTo: number): void {
    this.#journal = this.#journal.filter((row) => row.index > upTo);
    this.journalStart = upTo + 1;
  }

  get(_collection: number, key: PointKey): StoredRecord | undefined {
    return this.#records.get(pointKeyText(key))?.record;
  }

  get all(): { key: PointKey; record: StoredRecord }[] {
    return [...this.#records.values()];
  }

  scan(
    _collection: number,
    from: PointKey | undefined,
    limit: number,
  ): Promise<{ key: PointKey; record: StoredRecord }[]> {
    const rows = this.all
      .filter(({ key }) => from === undefined || Buffer.compare(key, from) >= 0)
      .toSorted((a, b) => Buffer.compare(a.key, b.key));
    return Promise.resolve(rows.slice(0, limit));
  }

  journal(
    from: number,
  ): Promise<AsyncIterable<{ collection: number; keys: PointKey[] }[]> | undefined> {
    return Promise.resolve(from < this.journalStart ? undefined : this.#rows(from));
  }

  async *#rows(from: number): AsyncGenerator<{ collection: number; keys: PointKey[] }[]> {
    yield await Promise.resolve(this.#journal.filter((row) => row.index >= from));
  }
}
