import { VectorDbError } from '../../base/error.ts';
import type {
  PointInput,
  PointSelector,
  Selectors,
  StoredPoint,
  WriteOptions,
} from '../../database/vector-database.ts';
import type { PayloadJson } from '../../storage/point-record.ts';
import { checkAtMost, invalidField } from '../request-checks.ts';
import { type FilterBounds, readFilter } from './filter-codec.ts';
import type * as wire from './generated/messages.ts';
import { readPointId, readPointIds, required, writePointId } from './point-id-codec.ts';

const NO_PAYLOAD: PayloadJson = new Uint8Array(0);

/**
 * The vector as an array of its own: never a view of the message, whose memory is shared with other fields and aligned at random.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT; that its numbers are finite is for the database to check
 */
export function readVector(vector: wire.Vector | undefined, field: string): Float32Array {
  switch (vector?.form) {
    case 'float32':
      return float32FromBytes(required(vector.float32, field), field);
    case 'values':
      return Float32Array.from(vector.values?.values ?? []);
    case undefined:
      throw invalidField(field, 'is required: float32 or values');
  }
}

/**
 * Little-endian single precision numbers, copied.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT where the length is no multiple of four
 */
function float32FromBytes(bytes: Uint8Array, field: string): Float32Array {
  if (bytes.byteLength % 4 !== 0) {
    throw invalidField(field, `float32 has ${bytes.byteLength} bytes, which is no multiple of 4`);
  }
  const vector = new Float32Array(bytes.byteLength / 4);
  new Uint8Array(vector.buffer).set(bytes);
  return vector;
}

/** The vector as a message; `asValues` for callers that want to read it. */
function writeVector(vector: Float32Array, asValues: boolean): wire.Vector {
  if (asValues) return { values: { values: [...vector] } };
  return { float32: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength) };
}

/** The payload as an array of its own; that it is a JSON object is for the database to check. */
export function readPayload(bytes: Uint8Array | undefined): PayloadJson {
  return bytes === undefined || bytes.byteLength === 0 ? NO_PAYLOAD : new Uint8Array(bytes);
}

/** @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED */
export function readPoint(
  point: wire.PointInput,
  field: string,
  bounds: { readonly vectorsPerCollectionMax: number },
): PointInput {
  const id = readPointId(point.id, `${field}.id`);
  const named = Object.entries(point.vectors ?? {});
  checkAtMost(named.length, bounds.vectorsPerCollectionMax, `${field}.vectors`);
  const vectors = named.map(
    ([name, vector]) => [name, readVector(vector, `${field}.vectors.${name}`)] as const,
  );
  if (point.vector !== undefined) {
    if (named.some(([name]) => name === '')) {
      throw invalidField(`${field}.vector`, 'is given here and in vectors');
    }
    vectors.push(['', readVector(point.vector, `${field}.vector`)]);
  }
  if (vectors.length === 0)
    throw invalidField(`${field}.vector`, 'a point has at least one vector');
  return { id, vectors: Object.fromEntries(vectors), payload: readPayload(point.payloadJson) };
}

/** The point as a message. */
export function writePoint(point: StoredPoint, asValues: boolean): wire.StoredPoint {
  return {
    id: writePointId(point.id),
    version: point.version,
    payloadJson: point.payload,
    vectors: writeVectors(point.vectors, asValues),
  };
}

/** Vectors by name as messages. */
export function writeVectors(
  vectors: Readonly<Record<string, Float32Array>> | undefined,
  asValues: boolean,
): Record<string, wire.Vector> | undefined {
  if (vectors === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(vectors).map(([name, vector]) => [name, writeVector(vector, asValues)]),
  );
}

/** @throws {VectorDbError} INVALID_ARGUMENT, INVALID_FILTER, LIMIT_EXCEEDED */
export function readSelector(
  selector: wire.PointSelector | undefined,
  bounds: FilterBounds & { readonly batchPointsMax: number },
): PointSelector {
  switch (selector?.kind) {
    case 'ids': {
      const ids = readPointIds(selector.ids?.ids, 'selector.ids.ids', bounds.batchPointsMax);
      if (ids.length === 0) throw invalidField('selector.ids.ids', 'is empty');
      return { kind: 'ids', ids };
    }
    case 'filter':
      return {
        kind: 'filter',
        filter: readFilter(selector.filter ?? {}, 'selector.filter', bounds),
      };
    case undefined:
      throw invalidField('selector', 'is required: ids or filter');
  }
}

/** What of each point is wanted; absent selectors mean the whole payload and no vectors. */
export function readSelectors(
  request: {
    readonly payload?: wire.PayloadSelector | undefined;
    readonly vectors?: wire.VectorSelector | undefined;
  },
  prefix = '',
): Selectors {
  const { payload, vectors } = request;
  return {
    payload: payload === undefined ? true : readPayloadSelector(payload, `${prefix}payload`),
    vectors: vectors === undefined ? false : readVectorSelector(vectors, `${prefix}vectors`),
  };
}

function readPayloadSelector(selector: wire.PayloadSelector, field: string): Selectors['payload'] {
  switch (selector.kind) {
    case 'all':
      return selector.all === true;
    case 'include':
      return { include: nonEmpty(selector.include?.paths, `${field}.include.paths`) };
    case 'exclude':
      return { exclude: nonEmpty(selector.exclude?.paths, `${field}.exclude.paths`) };
    case undefined:
      throw invalidField(field, 'has one of all, include and exclude');
  }
}

function readVectorSelector(selector: wire.VectorSelector, field: string): Selectors['vectors'] {
  switch (selector.kind) {
    case 'all':
      return selector.all === true;
    case 'names':
      return nonEmpty(selector.names?.names, `${field}.names.names`);
    case undefined:
      throw invalidField(field, 'has one of all and names');
  }
}

function nonEmpty(list: readonly string[] | undefined, field: string): readonly string[] {
  if (list === undefined || list.length === 0) throw invalidField(field, 'is empty');
  return list;
}

/** @throws {VectorDbError} INVALID_ARGUMENT where `wait` is a number without a meaning */
export function readWait(wait: wire.Wait | undefined): NonNullable<WriteOptions['wait']> {
  switch (wait) {
    case undefined:
    case 'WAIT_UNSPECIFIED':
    case 'WAIT_APPLIED':
      return 'applied';
    case 'WAIT_ACCEPTED':
      return 'accepted';
    default:
      throw new VectorDbError('INVALID_ARGUMENT', `wait: there is no value ${wait}`, {
        field: 'wait',
      });
  }
}
