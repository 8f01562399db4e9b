import type {
  ScoredPoint,
  SearchResult,
  Selectors,
  StoredPoint,
} from '../../database/vector-database.ts';
import type { JsonWriter } from '../json/json-writer.ts';

/** Writes a point as the requests that read points answer it. */
export function writeStoredPoint(writer: JsonWriter, point: StoredPoint, select: Selectors): void {
  writer.raw('{"id":').id(point.id).raw(`,"version":${point.version}`);
  writeContents(writer, point, select);
  writer.raw('}');
}

/** Writes an array of stored points. */
export function writeStoredPoints(
  writer: JsonWriter,
  points: readonly StoredPoint[],
  select: Selectors,
): void {
  writer.raw('[');
  for (let i = 0; i < points.length; i += 1) {
    if (i > 0) writer.raw(',');
    writeStoredPoint(writer, points[i] as StoredPoint, select);
  }
  writer.raw(']');
}

/** Writes what a search found. */
export function writeSearchResult(
  writer: JsonWriter,
  result: SearchResult,
  select: Selectors,
  missingShards?: readonly number[],
): void {
  writer.raw('{"results":[');
  for (let i = 0; i < result.points.length; i += 1) {
    const point = result.points[i] as ScoredPoint;
    writer
      .raw(i > 0 ? ',{"id":' : '{"id":')
      .id(point.id)
      .raw(',"score":');
    writer.float(Math.fround(point.score));
    writeContents(writer, point, select);
    writer.raw('}');
  }
  writer.raw(']');
  if (result.explanation) writer.raw(',"explanation":').value(result.explanation);
  endWithMissing(writer, missingShards);
}

/** Ends an answer's object, with the shards that it lacks where there are any. */
export function endWithMissing(
  writer: JsonWriter,
  missingShards: readonly number[] | undefined,
): JsonWriter {
  if (missingShards !== undefined) writer.raw(`,"missing_shards":[${missingShards.join(',')}]`);
  return writer.raw('}');
}

function writeContents(writer: JsonWriter, point: StoredPoint, select: Selectors): void {
  if (select.payload !== false) {
    writer.raw(',"payload":');
    if (point.payload.length === 0) writer.raw('{}');
    else writer.splice(point.payload);
  }
  if (!point.vectors) return;
  let named = 0;
  for (const name of Object.keys(point.vectors)) {
    if (name !== '') named += 1;
    else writer.raw(',"vector":').vector(point.vectors[name] as Float32Array);
  }
  if (named === 0) return;
  writer.raw(',"vectors":{');
  for (const name of Object.keys(point.vectors)) {
    if (name === '') continue;
    writer
      .string(name)
      .raw(':')
      .vector(point.vectors[name] as Float32Array);
    named -= 1;
    if (named > 0) writer.raw(',');
  }
  writer.raw('}');
}
