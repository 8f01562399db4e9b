import { crc32 } from 'node:zlib';
import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { PAYLOAD_INDEX_KINDS, type PayloadIndexKind } from '../collection-schema.ts';

/** What a section of the file holds; its number is on disk and never changes. */
const SECTION = {
  schema: 1,
  nonEmptyBits: 2,
  nullSlots: 3,
  countSlots: 4,
  countValues: 5,
  otherSlots: 6,
  termBytes: 7,
  termOffsets: 8,
  postingCounts: 9,
  postingOffsets: 10,
  postings: 11,
  numbers: 12,
  numberSlots: 13,
  longitudes: 14,
  facts: 15,
} as const;
type SectionName = keyof typeof SECTION;

/** The sections of a file; absent ones are empty. */
export type Sections = Partial<Record<SectionName, Uint8Array>>;

/** A payload index's file, checked and cut into its sections. */
export interface FieldFile {
  readonly kind: PayloadIndexKind;
  readonly rowCount: number;
  /** Each begins at a multiple of 8 of its buffer. */
  readonly sections: Sections;
}

const MAGIC = 0x4950_5247; // "GRPI"
const VERSION = 1;
const HEADER_BYTES = 24;
const ENTRY_BYTES = 16;
const KIND_NUMBERS = Object.fromEntries(PAYLOAD_INDEX_KINDS.map((kind, i) => [kind, i + 1]));

const aligned = (bytes: number): number => (bytes + 7) & ~7;

/** The bytes of a payload index file (docs/formats/payload-index.md). */
export function encodeFieldFile(file: FieldFile): Uint8Array {
  const present = Object.entries(SECTION).flatMap(([name, tag]) => {
    const bytes = file.sections[name as SectionName];
    return bytes === undefined || bytes.length === 0 ? [] : [{ tag, bytes }];
  });
  let end = aligned(HEADER_BYTES + ENTRY_BYTES * present.length);
  const placed = present.map((section) => {
    const offset = end;
    end = aligned(end + section.bytes.length);
    return { ...section, offset };
  });
  const out = new Uint8Array(end);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(8, VERSION, true);
  view.setUint16(10, KIND_NUMBERS[file.kind] as number, true);
  view.setUint32(12, file.rowCount, true);
  view.setUint32(16, present.length, true);
  placed.forEach(({ tag, bytes, offset }, i) => {
    const entry = HEADER_BYTES + ENTRY_BYTES * i;
    view.setUint32(entry, tag, true);
    view.setUint32(entry + 8, offset, true);
    view.setUint32(entry + 12, bytes.length, true);
    out.set(bytes, offset);
  });
  view.setUint32(4, crc32(out.subarray(8)), true);
  return out;
}

/**
 * The parts of a file, over its own bytes; bytes that do not begin at a multiple of 8 of their buffer are copied.
 *
 * @throws {VectorDbError} DATA_CORRUPT when it is damaged, FAILED_PRECONDITION when a newer version wrote it
 */
export function decodeFieldFile(file: Uint8Array): FieldFile {
  const bytes = file.byteOffset % 8 === 0 ? file : new Uint8Array(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw corrupt('it does not begin as one');
  }
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8))) throw corrupt('its checksum differs');
  const version = view.getUint16(8, true);
  if (version > VERSION) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `payload index file: format version ${version} is newer than ${VERSION}, which this program reads`,
    );
  }
  const kind = PAYLOAD_INDEX_KINDS[view.getUint16(10, true) - 1];
  if (kind === undefined) throw corrupt('its kind is unknown');
  const names = new Map(Object.entries(SECTION).map(([name, tag]) => [tag, name as SectionName]));
  const sections: Sections = {};
  for (let i = 0; i < view.getUint32(16, true); i += 1) {
    const entry = HEADER_BYTES + ENTRY_BYTES * i;
    if (entry + ENTRY_BYTES > bytes.length) throw corrupt('it is too short');
    const offset = view.getUint32(entry + 8, true);
    const end = offset + view.getUint32(entry + 12, true);
    if (end > bytes.length || offset % 8 !== 0) throw corrupt('a section lies outside of it');
    const name = names.get(view.getUint32(entry, true) as (typeof SECTION)[SectionName]);
    if (name !== undefined) sections[name] = bytes.subarray(offset, end);
  }
  return { kind, rowCount: view.getUint32(12, true), sections };
}

function corrupt(why: string): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `payload index file: ${why}`);
}

/** A section as 32-bit integers, over the same bytes. */
export function uint32s(section: Uint8Array | undefined): Uint32Array {
  if (section === undefined) return new Uint32Array(0);
  assert(section.length % 4 === 0, 'a section of 32-bit integers has whole ones');
  return new Uint32Array(section.buffer, section.byteOffset, section.length / 4);
}

/** A section as doubles, over the same bytes. */
export function float64s(section: Uint8Array | undefined): Float64Array {
  if (section === undefined) return new Float64Array(0);
  assert(section.length % 8 === 0, 'a section of doubles has whole ones');
  return new Float64Array(section.buffer, section.byteOffset, section.length / 8);
}

/** The bytes of a typed array. */
export function bytesOf(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
