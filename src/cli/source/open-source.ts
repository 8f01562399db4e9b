import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { VectorDbError } from '../../base/error.ts';
import { openFbinFile } from './fbin-file.ts';
import { openFvecsFile } from './fvecs-file.ts';
import type { IdChoice } from './id-choice.ts';
import type { ImportSource } from './import-source.ts';
import { JsonLinesSource } from './json-lines-source.ts';
import { openNpyFile } from './npy-file.ts';
import type { RowFile } from './row-file.ts';
import { VectorFileSource } from './vector-file-source.ts';

export interface SourceOptions {
  /** A folder with `vectors.npy` and perhaps `points.jsonl`, a file of vectors, or a file of points as JSON lines. */
  readonly path: string;
  /** A file of payloads beside a file of vectors; absent: the folder's `points.jsonl`, or none. */
  readonly payloads: string | undefined;
  readonly ids: IdChoice;
  /** Which named vector the numbers are for; `""` is the unnamed one. */
  readonly vectorName: string;
}

const JSON_LINES = ['.jsonl', '.ndjson'];
const VECTORS = 'vectors.npy';
const PAYLOADS = 'points.jsonl';

/** @throws {VectorDbError} INVALID_ARGUMENT when there is no such file, or it is of no known kind */
export async function openSource(options: SourceOptions): Promise<ImportSource> {
  const { path, ids, vectorName } = options;
  const folder = (await statOf(path)).isDirectory();
  if (!folder && JSON_LINES.includes(extname(path).toLowerCase())) {
    if (options.payloads !== undefined || ids.kind !== 'auto') {
      throw new VectorDbError(
        'INVALID_ARGUMENT',
        `${path} holds ids and payloads itself: no --payloads and no --ids with it`,
        { field: options.payloads === undefined ? '--ids' : '--payloads' },
      );
    }
    return JsonLinesSource.open(path, vectorName);
  }
  let { payloads } = options;
  if (folder && payloads === undefined && (await exists(join(path, PAYLOADS)))) {
    payloads = join(path, PAYLOADS);
  }
  if (payloads !== undefined) await statOf(payloads);
  if (ids.kind === 'field' && payloads === undefined) {
    throw new VectorDbError('INVALID_ARGUMENT', 'ids from a field need a file of payloads', {
      field: '--ids',
    });
  }
  const vectors = await openVectorFile(folder ? join(path, VECTORS) : path);
  return new VectorFileSource({ name: path, vectors, vectorName, payloads, ids });
}

/**
 * Opens a file of vectors by its name's ending: `.npy`, `.fvecs` or `.fbin`.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT
 */
export async function openVectorFile(path: string): Promise<RowFile> {
  await statOf(path);
  switch (extname(path).toLowerCase()) {
    case '.npy':
      return openNpyFile(path);
    case '.fvecs':
      return openFvecsFile(path);
    case '.fbin':
      return openFbinFile(path);
    default:
      throw new VectorDbError(
        'INVALID_ARGUMENT',
        `${path} is of no known kind: .npy, .fvecs, .fbin, .jsonl, .ndjson, or a folder with ${VECTORS}`,
        { field: path },
      );
  }
}

async function statOf(path: string): ReturnType<typeof stat> {
  try {
    return await stat(path);
  } catch (error) {
    throw new VectorDbError('INVALID_ARGUMENT', `${path} cannot be read`, {
      field: path,
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
