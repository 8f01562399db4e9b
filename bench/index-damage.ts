import { open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** Ways in which a file may be damaged. */
export const DAMAGES = ['deleted', 'cut in half', 'a bit flipped'] as const;
export type Damage = (typeof DAMAGES)[number];

/** A file of an index, and what kind it is. */
export interface IndexFile {
  /** Such as `graph-` or `manifest`. */
  readonly kind: string;
  readonly path: string;
}

const KINDS = ['points.bin', 'meta.bin', 'vectors-', 'graph-', 'field-'] as const;

/** One file of every kind that the largest index in a data directory has. */
export async function indexFiles(dataDir: string): Promise<readonly IndexFile[]> {
  const index = join(dataDir, 'index');
  let found: readonly IndexFile[] = [];
  for (const collection of await readdir(index)) {
    const files = await filesOf(join(index, collection));
    if (files.length > found.length) found = files;
  }
  return found;
}

async function filesOf(folder: string): Promise<readonly IndexFile[]> {
  const names = await readdir(folder);
  const segment = names.find((name) => /^segment-\d+$/.test(name));
  const files: IndexFile[] = [];
  if (names.includes('manifest')) files.push({ kind: 'manifest', path: join(folder, 'manifest') });
  if (segment === undefined) return files;
  const segmentFolder = join(folder, segment);
  for (const name of await readdir(segmentFolder)) {
    const kind = KINDS.find((each) => name.startsWith(each));
    if (kind !== undefined) files.push({ kind, path: join(segmentFolder, name) });
  }
  return files;
}

/** Damages a file that no process has open. */
export async function damage(path: string, how: Damage): Promise<void> {
  const { size } = await stat(path);
  const middle = Math.floor(size / 2);
  switch (how) {
    case 'deleted':
      return rm(path);
    case 'cut in half':
      return truncate(path, middle);
    case 'a bit flipped': {
      const file = await open(path, 'r+');
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, middle);
      byte[0] = (byte[0] as number) ^ 1;
      await file.write(byte, 0, 1, middle);
      return file.close();
    }
  }
}
