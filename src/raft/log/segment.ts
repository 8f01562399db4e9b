import type { DataFile } from './file-system.ts';

/** A file of the log, open. */
export class Segment {
  readonly number: number;
  readonly path: string;
  readonly file: DataFile;
  /** Of the headers of its records. */
  readonly salt: number;
  /** Where its records begin. */
  readonly start: number;
  /** Bytes that count; the file may be longer where a torn end was cut or damage is kept. */
  end: number;
  /** Bytes of records whose entries some group still has. */
  liveBytes = 0;

  constructor(options: {
    readonly number: number;
    readonly path: string;
    readonly file: DataFile;
    readonly salt: number;
    readonly start: number;
    readonly end: number;
  }) {
    this.number = options.number;
    this.path = options.path;
    this.file = options.file;
    this.salt = options.salt;
    this.start = options.start;
    this.end = options.end;
  }
}

const NAME = /^(\d{16})\.log$/;

/** The name of a segment's file, so that names sort as numbers do. */
export function segmentName(number: number): string {
  return `${String(number).padStart(16, '0')}.log`;
}

/** The number of the segment that a file's name gives; undefined: it is no segment. */
export function segmentNumber(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
