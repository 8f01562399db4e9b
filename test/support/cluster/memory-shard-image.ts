import { VectorDbError } from '../../../src/base/error.ts';
import { type PointKey, pointKeyText } from '../../../src/base/point-id.ts';
import { type EntryId, LOG_START } from '../../../src/raft/core/entry.ts';
import type { KeptRow } from '../../../src/raft/host/state-machine.ts';
import type { PointMutation } from '../../../src/sharding/point-mutation.ts';
import { recordKey } from '../../../src/storage/keyspace.ts';
import type { PointRecord } from '../../../src/storage/point-record.ts';
import { decodeRecord, encodeRecord } from '../../../src/storage/record-codec.ts';

/** A point of a shard. */
export interface HeldPoint {
  readonly key: PointKey;
  readonly record: PointRecord;
}

/** All that is replicated of a shard, as of an entry. */
export interface ShardImage {
  readonly applied: EntryId;
  readonly epoch: number;
  readonly dropped: ReadonlySet<number>;
  /** By collection and key. */
  readonly points: ReadonlyMap<number, ReadonlyMap<string, HeldPoint>>;
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

/** What one batch changed. */
export interface ShardDelta {
  readonly applied: EntryId;
  readonly epoch: number;
  readonly dropped: readonly number[];
  readonly mutations: readonly PointMutation[];
  readonly rows: readonly KeptRow[];
}

export const EMPTY_SHARD: ShardImage = {
  applied: LOG_START,
  epoch: 0,
  dropped: new Set(),
  points: new Map(),
  rows: new Map(),
};

/** An image that changes: what a state machine works on. */
export class WorkingImage implements ShardImage {
  applied: EntryId;
  epoch: number;
  readonly dropped: Set<number>;
  readonly points: Map<number, Map<string, HeldPoint>>;
  readonly rows: Map<string, Uint8Array>;

  constructor(image: ShardImage) {
    this.applied = image.applied;
    this.epoch = image.epoch;
    this.dropped = new Set(image.dropped);
    this.points = new Map([...image.points].map(([number, points]) => [number, new Map(points)]));
    this.rows = new Map(image.rows);
  }

  /** The image after some batches. */
  static after(image: ShardImage, deltas: readonly ShardDelta[]): WorkingImage {
    const working = new WorkingImage(image);
    for (const delta of deltas) working.change(delta);
    return working;
  }

  get(collection: number, key: PointKey): PointRecord | undefined {
    return this.points.get(collection)?.get(pointKeyText(key))?.record;
  }

  change({ applied, epoch, dropped, mutations, rows }: ShardDelta): void {
    this.applied = applied;
    this.epoch = epoch;
    for (const collection of dropped) {
      this.dropped.add(collection);
      this.points.delete(collection);
    }
    for (const { collection, key, record } of mutations) {
      const points = this.points.get(collection) ?? new Map<string, HeldPoint>();
      this.points.set(collection, points);
      if (record === undefined) points.delete(pointKeyText(key));
      else points.set(pointKeyText(key), { key, record });
    }
    for (const { key, value } of rows) {
      if (value === undefined) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const fromLatin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const byText = <T>([a]: readonly [string, T], [b]: readonly [string, T]): number =>
  a < b ? -1 : 1;

type ImageText = [
  term: number,
  index: number,
  epoch: number,
  dropped: number[],
  points: [collection: number, key: string, record: string][],
  rows: [key: string, value: string][],
];

/** Everything in order, so that equal states are equal bytes. */
export function encodeImage({ applied, epoch, dropped, points, rows }: ShardImage): Uint8Array {
  const records: ImageText[4] = [];
  for (const [collection, held] of [...points].toSorted(([a], [b]) => a - b)) {
    for (const [, { key, record }] of [...held].toSorted(byText)) {
      records.push([
        collection,
        latin1(key),
        latin1(encodeRecord(recordKey(collection, key), record)),
      ]);
    }
  }
  const image: ImageText = [
    applied.term,
    applied.index,
    epoch,
    [...dropped].toSorted((a, b) => a - b),
    records,
    [...rows].toSorted(byText).map(([key, value]) => [key, latin1(value)]),
  ];
  return Buffer.from(JSON.stringify(image));
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeImage(bytes: Uint8Array, shard: number): ShardImage {
  let text: ImageText;
  try {
    text = JSON.parse(Buffer.from(bytes).toString()) as ImageText;
  } catch {
    throw new VectorDbError('DATA_CORRUPT', 'the staged state cannot be read');
  }
  const [term, index, epoch, dropped, records, rows] = text;
  const image = new WorkingImage({
    ...EMPTY_SHARD,
    applied: { term, index },
    epoch,
    dropped: new Set(dropped),
    rows: new Map(rows.map(([key, value]) => [key, fromLatin1(value)])),
  });
  for (const [collection, keyText, recordText] of records) {
    const key = fromLatin1(keyText);
    const record = decodeRecord(shard, recordKey(collection, key), fromLatin1(recordText));
    const points = image.points.get(collection) ?? new Map<string, HeldPoint>();
    image.points.set(collection, points.set(keyText, { key, record }));
  }
  return image;
}
