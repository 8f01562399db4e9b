import { Heap } from '../base/heap.ts';
import type { KeyedRecord, ShardReader } from '../storage/shard-reader.ts';
import type { RecordSelection } from '../storage/record-codec.ts';
import { type PointKey, successorOf } from '../base/point-id.ts';

interface Cursor {
  readonly reader: ShardReader;
  page: readonly KeyedRecord[];
  at: number;
  /** Nothing comes behind the page. */
  last: boolean;
}

export interface ScrollMergeOptions {
  readonly readers: readonly ShardReader[];
  readonly collection: number;
  readonly from: PointKey | undefined;
  readonly limit: number;
  readonly selection: RecordSelection;
}

/** The first `limit` records of a collection from a key on, in the order of keys over all shards: each shard gives a page of its share, and more when it runs out. */
export async function scrollMerge(options: ScrollMergeOptions): Promise<KeyedRecord[]> {
  const { readers, collection, limit, selection } = options;
  const pageRows = Math.ceil((limit / readers.length) * 1.25) + 4;
  const cursors = await Promise.all(
    readers.map(async (reader): Promise<Cursor> => {
      const page = await reader.scan(collection, options.from, pageRows, selection);
      return { reader, page, at: 0, last: page.length < pageRows };
    }),
  );
  const heap = new Heap<Cursor>((a, b) => Buffer.compare(head(a).key, head(b).key) < 0);
  for (const cursor of cursors) if (cursor.page.length > 0) heap.push(cursor);
  const merged: KeyedRecord[] = [];
  while (merged.length < limit) {
    const cursor = heap.pop();
    if (cursor === undefined) break;
    const record = head(cursor);
    merged.push(record);
    cursor.at += 1;
    if (cursor.at === cursor.page.length && !cursor.last) {
      const page = await cursor.reader.scan(
        collection,
        successorOf(record.key),
        pageRows,
        selection,
      );
      Object.assign(cursor, { page, at: 0, last: page.length < pageRows });
    }
    if (cursor.at < cursor.page.length) heap.push(cursor);
  }
  return merged;
}

function head(cursor: Cursor): KeyedRecord {
  return cursor.page[cursor.at] as KeyedRecord;
}
