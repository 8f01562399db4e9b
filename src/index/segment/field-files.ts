import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import type { CollectionSchema, PayloadIndexSchema } from '../collection-schema.ts';
import { FieldIndexBuilder } from '../payload-index/field-index-file.ts';
import { parsePayload } from '../payload/payload-json.ts';
import { type BuildContext, throwIfAborted } from './build-context.ts';
import type { SegmentFile } from './build-job.ts';

/** Visits payloads of rows in [from, to), in the order of slots; dead rows may be left out. */
export type VisitPayloads = (
  from: number,
  to: number,
  visit: (slot: number, payload: Uint8Array) => void,
) => void;

/** Rows between two breaths. */
const BATCH_ROWS = 2_048;

/** Name of the file of a payload index: another for every way in which the index may be made. */
export function fieldFileName(key: string, schema: PayloadIndexSchema): string {
  const settings = Object.entries(schema).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = crc32(JSON.stringify([key, settings]));
  return `field-${schema.kind}-${hash.toString(16).padStart(8, '0')}.idx`;
}

/** Key paths of the schema whose index, as the schema has it, is not among `fields`. */
export function missingFields(
  schema: CollectionSchema,
  fields: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(schema.payloadIndexes)
    .filter(([key, index]) => fields[key] !== fieldFileName(key, index))
    .map(([key]) => key);
}

/** Builds the payload indexes of some fields in one pass over the payloads, and writes their files durably. */
export async function buildFieldFiles(
  options: {
    readonly directory: string;
    readonly schema: CollectionSchema;
    readonly keys: readonly string[];
    readonly rowCount: number;
    readonly visitPayloads: VisitPayloads;
  },
  context: BuildContext,
): Promise<{ readonly fields: Record<string, string>; readonly files: SegmentFile[] }> {
  const { directory, keys, rowCount } = options;
  const builders = keys.map((key) => {
    const schema = options.schema.payloadIndexes[key] as PayloadIndexSchema;
    return { key, schema, builder: new FieldIndexBuilder({ key, schema, rowCount }) };
  });
  for (let from = 0; from < rowCount && keys.length > 0; from += BATCH_ROWS) {
    options.visitPayloads(from, Math.min(rowCount, from + BATCH_ROWS), (slot, bytes) => {
      if (bytes.length === 0) return;
      const payload = parsePayload(bytes);
      for (const { builder } of builders) builder.add({ slot, payload });
    });
    await context.breathe();
    throwIfAborted(context.signal);
  }
  const fields: Record<string, string> = {};
  const files: SegmentFile[] = [];
  for (const { key, schema, builder } of builders) {
    const name = fieldFileName(key, schema);
    fields[key] = name;
    files.push(writeWhole(directory, name, builder.finish()));
  }
  return { fields, files };
}

function writeWhole(directory: string, name: string, bytes: Uint8Array): SegmentFile {
  const fd = openSync(join(directory, name), 'w');
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, done);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return { name, bytes: bytes.length, crc32: crc32(bytes) };
}
