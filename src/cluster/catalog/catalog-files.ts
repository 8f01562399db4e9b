import { VectorDbError } from '../../base/error.ts';
import type { FileSystem } from '../../raft/log/file-system.ts';
import { type CatalogImage, decodeCatalogImage, EMPTY_IMAGE } from './catalog-image.ts';

const NAME = /^(\d+)-(\d+)\.(catalog|tmp)$/;

/** The files of one group's catalog: one for each generation, written as a whole under another name, then put in place. */
export class CatalogFiles {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #group: number;

  /** @param folder - of all groups; has to be there */
  constructor(fileSystem: FileSystem, folder: string, group: number) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#group = group;
  }

  /**
   * The image of a generation.
   *
   * @param generation - 0: the group's first; there need not be a file of it
   * @throws {VectorDbError} DATA_CORRUPT
   */
  async read(generation: number): Promise<CatalogImage> {
    const name = this.#name(generation);
    const names = await this.#fileSystem.list(this.#folder);
    if (!names.includes(name)) {
      if (generation === 0) return EMPTY_IMAGE;
      throw new VectorDbError('DATA_CORRUPT', `the catalog's file ${name} is missing`);
    }
    const file = await this.#fileSystem.open(this.#path(name), 'existing');
    try {
      return decodeCatalogImage(file.read(0, file.size));
    } finally {
      await file.close();
    }
  }

  /** Durable when it resolves; what was there before is there until then. One at a time for a generation. */
  async write(generation: number, bytes: Uint8Array): Promise<void> {
    const name = this.#name(generation);
    const temporary = this.#path(name.replace('.catalog', '.tmp'));
    const file = await this.#fileSystem.open(temporary, 'create');
    try {
      await file.write(0, bytes);
      await file.sync();
    } catch (thrown) {
      // Where there was no room there may be some later, and the name has to be free then.
      await file.close();
      await this.#fileSystem.remove(temporary);
      throw thrown;
    }
    await file.close();
    await this.#fileSystem.rename(temporary, this.#path(name));
    await this.#fileSystem.syncFolder(this.#folder);
  }

  /** The largest generation of which there is a file, finished or not; 0: none. */
  async newest(): Promise<number> {
    const files = await this.#files();
    return Math.max(0, ...files.map(({ generation }) => generation));
  }

  /** Removes all files but the finished one of a generation; without one, all. Durable when it resolves. */
  async removeOthers(generation?: number): Promise<void> {
    const kept = generation === undefined ? '' : this.#name(generation);
    const files = await this.#files();
    const others = files.filter(({ name }) => name !== kept);
    for (const { name } of others) await this.#fileSystem.remove(this.#path(name));
    if (others.length > 0) await this.#fileSystem.syncFolder(this.#folder);
  }

  async #files(): Promise<readonly { readonly name: string; readonly generation: number }[]> {
    const names = await this.#fileSystem.list(this.#folder);
    return names.flatMap((name) => {
      const [, group, generation] = NAME.exec(name) ?? [];
      const isOurs = group === String(this.#group);
      return isOurs ? [{ name, generation: Number(generation) }] : [];
    });
  }

  #name(generation: number): string {
    return `${this.#group}-${generation}.catalog`;
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}
