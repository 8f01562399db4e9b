import { createHash } from 'node:crypto';
import { access, constants, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { VectorDbError } from '../../base/error.ts';
import type { SourcePosition } from '../source/import-source.ts';

/** What an import must find unchanged to go on where it stopped. */
export interface ImportIdentity {
  readonly target: {
    readonly url: string;
    readonly collection: string;
    /** The collection's number: another one of the same name is empty. */
    readonly number: string;
  };
  readonly sources: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly modifiedMs: number;
  }[];
  readonly ids: string;
  readonly vectorName: string;
}

interface StoredState {
  readonly format: 'grape-import';
  readonly version: 1;
  readonly identity: ImportIdentity;
  readonly position: SourcePosition;
}

/** What is known of files, so that a changed one is noticed. */
export async function sourceFiles(paths: readonly string[]): Promise<ImportIdentity['sources']> {
  return Promise.all(
    paths.map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return { path: resolve(path), bytes: size, modifiedMs: mtimeMs };
    }),
  );
}

/**
 * Where an import's state is kept: beside the source, or, where nothing can be written there, in a folder for states.
 *
 * @param stateFolder - made when it is needed
 * @param always - keep it in that folder wherever the source is
 */
export async function importStatePath(
  source: string,
  stateFolder: string,
  always: boolean,
): Promise<string> {
  const path = resolve(source);
  const name = `${basename(path)}.grape-progress.json`;
  if (!always && (await isWritable(dirname(path)))) return join(dirname(path), name);
  await mkdir(stateFolder, { recursive: true });
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 12);
  return join(stateFolder, `${digest}-${name}`);
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** The file that remembers how far an import came. Only points that the server acknowledged count. */
export class ImportState {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Where to go on; undefined where there is no state.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when the state is of another import, or is none
   */
  async load(identity: ImportIdentity): Promise<SourcePosition | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const state = parseState(text);
    if (state === undefined) throw this.#refused('is no state of an import');
    const { target, sources, ids, vectorName } = state.identity;
    if (!sameText(target, identity.target)) {
      throw this.#refused(
        `is of an import into collection ${target.collection} (number ${target.number}) at ${target.url}`,
      );
    }
    if (!sameText(sources, identity.sources)) throw this.#refused('is of files that have changed');
    if (ids !== identity.ids || vectorName !== identity.vectorName) {
      throw this.#refused('is of an import with another choice of ids or vector name');
    }
    return state.position;
  }

  /** Replaces the file as a whole: at any moment there is the old one or the new one. */
  async save(identity: ImportIdentity, position: SourcePosition): Promise<void> {
    const state: StoredState = { format: 'grape-import', version: 1, identity, position };
    const temporary = `${this.path}.new`;
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(`${JSON.stringify(state, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, this.path);
  }

  /** Forgets it; no error where there is none. */
  remove(): Promise<void> {
    return rm(this.path, { force: true });
  }

  #refused(reason: string): VectorDbError {
    return new VectorDbError(
      'FAILED_PRECONDITION',
      `${this.path} ${reason}; without --resume the import starts again`,
      { field: '--resume' },
    );
  }
}

function parseState(text: string): StoredState | undefined {
  try {
    const state = JSON.parse(text) as Partial<StoredState> | null;
    const valid =
      state?.format === 'grape-import' &&
      state.version === 1 &&
      state.identity !== undefined &&
      Number.isSafeInteger(state.position?.row) &&
      Number.isSafeInteger(state.position?.byte);
    return valid ? (state as StoredState) : undefined;
  } catch {
    return undefined;
  }
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
