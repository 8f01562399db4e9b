import {
  bodyCrc,
  decodeRecordHeader,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  type RecordHeader,
} from './record-header.ts';

/** What is found in a segment, in the order of places: a whole record; one whose body does not match its header; bytes that are no record. */
export type ScanItem = FoundRecord | DamagedRecord | DamagedBytes;

/** A record whose header and body are right. */
export interface FoundRecord {
  readonly what: 'record';
  readonly header: RecordHeader & { readonly crc: number };
  /** Of the header. */
  readonly position: number;
  readonly body: Uint8Array;
}

/** A record of which the header alone is right. */
export interface DamagedRecord {
  readonly what: 'damagedBody';
  readonly header: RecordHeader & { readonly crc: number };
  readonly position: number;
}

/** Bytes [position, to) in which no header is right: any number of records may have been there. */
export interface DamagedBytes {
  readonly what: 'damagedBytes';
  readonly position: number;
  readonly to: number;
}

/** Finds the records of a segment, given from its beginning, from byte `from` on; after damage it goes on at the next header that is right. */
export function* scanRecords(file: Uint8Array, from: number, salt: number): Generator<ScanItem> {
  let position = from;
  while (position < file.length) {
    const header = decodeRecordHeader(file, position, salt);
    if (header === undefined) {
      const to = nextHeader(file, position + 1, salt);
      yield { what: 'damagedBytes', position, to };
      position = to;
      continue;
    }
    const end = position + RECORD_HEADER_BYTES + header.bodyBytes;
    const body = file.subarray(position + RECORD_HEADER_BYTES, end);
    const isWhole = end <= file.length && bodyCrc(body) === header.bodyCrc;
    if (isWhole) yield { what: 'record', header, position, body };
    else yield { what: 'damagedBody', header, position };
    position = Math.min(end, file.length);
  }
}

function nextHeader(file: Uint8Array, from: number, salt: number): number {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.length);
  for (let at = from; ; at += 1) {
    at = buffer.indexOf(RECORD_MAGIC, at);
    if (at === -1) return file.length;
    if (decodeRecordHeader(file, at, salt) !== undefined) return at;
  }
}
