import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder of a collection's index, by the collection's number. */
export function indexFolderOf(root: string, collection: number): string {
  return join(root, String(collection));
}

/** Removes the folders of collections with numbers below `nextNumber`, but for those to keep. What is named otherwise is not ours. */
export async function removeIndexFolders(
  root: string,
  nextNumber: number,
  kept: ReadonlySet<number>,
): Promise<void> {
  for (const name of await readdir(root)) {
    const collection = Number(name);
    const isIndex = Number.isSafeInteger(collection) && String(collection) === name;
    if (!isIndex || collection >= nextNumber || kept.has(collection)) continue;
    await rm(indexFolderOf(root, collection), { recursive: true, force: true });
  }
}
