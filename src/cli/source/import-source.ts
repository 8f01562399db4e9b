import type { PointId } from '../../base/point-id.ts';
import type { PayloadJson } from '../../storage/point-record.ts';

/** A point on its way into a collection. */
export interface ImportPoint {
  readonly id: PointId;
  /** By vector name; `""` is the unnamed one. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: PayloadJson;
}

/** How far a source has been read. */
export interface SourcePosition {
  /** Points before it. */
  readonly row: number;
  /** Byte of the source's JSON lines where the next line begins; 0 where it has none. */
  readonly byte: number;
}

/** Where every source begins. */
export const SOURCE_START: SourcePosition = { row: 0, byte: 0 };

/** Where points to import come from. */
export interface ImportSource extends AsyncDisposable {
  /** What the caller named, for messages. */
  readonly name: string;
  /** All files it reads: where one of them changes, an import cannot be resumed. */
  readonly paths: readonly string[];
  /** Points in it; undefined where only reading it all would tell. */
  readonly rows: number | undefined;
  /** Numbers in each vector, by vector name. */
  readonly dimensions: Readonly<Record<string, number>>;
  /**
   * The points from a position on, each with the position behind it.
   *
   * @throws {VectorDbError} INVALID_ARGUMENT when the source is malformed; the field names file and line
   */
  points(from: SourcePosition): AsyncGenerator<PositionedPoint, void, void>;
}

/** A point, and where in its source it stood. */
export interface PositionedPoint {
  readonly point: ImportPoint;
  readonly after: SourcePosition;
}
