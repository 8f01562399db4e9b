import { VectorDbError } from '../../base/error.ts';
import { type EntryId, LOG_START } from '../../raft/core/entry.ts';
import { crc32c } from '../../raft/log/crc32c.ts';
import { bytes, fields, integer, text } from '../call/wire-shape.ts';
import { type ClusterState, EMPTY_CLUSTER } from './cluster-state.ts';
import { decodeClusterState, encodeClusterState } from './cluster-state-codec.ts';
import { ordered } from './ordered-shapes.ts';
import { VersionedPack } from './versioned-pack.ts';

/** Everything that the catalog's group replicates, as of an entry; never changed, only replaced. */
export interface CatalogImage {
  readonly applied: EntryId;
  readonly state: ClusterState;
  /** What the Raft host keeps, by key. */
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

/** Of a group in which nothing happened yet. */
export const EMPTY_IMAGE: CatalogImage = {
  applied: LOG_START,
  state: EMPTY_CLUSTER,
  rows: new Map(),
};

interface StoredImage {
  readonly term: number;
  readonly index: number;
  readonly state: Uint8Array;
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

const pack = new VersionedPack(
  1,
  'the catalog',
  fields<StoredImage>({
    term: integer,
    index: integer,
    state: bytes,
    rows: ordered(text, bytes),
  }),
);

const CHECKSUM_BYTES = 4;

/** An image as the bytes of its file, which are also those of a snapshot: see docs/formats/cluster-state.md. Equal images have equal bytes. */
export function encodeCatalogImage({ applied, state, rows }: CatalogImage): Uint8Array {
  const body = pack.encode({
    term: applied.term,
    index: applied.index,
    state: encodeClusterState(state),
    rows,
  });
  const image = new Uint8Array(body.byteLength + CHECKSUM_BYTES);
  image.set(body);
  viewOf(image).setUint32(body.byteLength, crc32c(body), true);
  return image;
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeCatalogImage(image: Uint8Array): CatalogImage {
  const end = image.byteLength - CHECKSUM_BYTES;
  if (end < 0) throw damaged('it is cut short');
  const body = image.subarray(0, end);
  if (viewOf(image).getUint32(end, true) !== crc32c(body)) {
    throw damaged('its checksum does not match');
  }
  const { term, index, state, rows } = pack.decode(body);
  return {
    applied: { term, index },
    state: decodeClusterState(state),
    // Rows outlive the bytes that they were read from.
    rows: new Map([...rows].map(([key, row]) => [key, row.slice()])),
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function damaged(why: string): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `the catalog cannot be read: ${why}`);
}
