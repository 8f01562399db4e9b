/**
 * How many reads those who read shards have, and when more are of use to them. To confirm a read costs the same as to confirm many; so reads that would only wait
 * in line are better confirmed together, just before their turn.
 */
export class ReaderLoad {
  /** Reads that keep all readers busy until more are there. */
  readonly #enough: number;
  #underWay = 0;
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(enough: number) {
    this.#enough = enough;
  }

  /** Resolves when readers are about to run out of reads, for all who wait at the same moment; undefined: they are now. */
  get room(): Promise<void> | undefined {
    if (this.#underWay < this.#enough) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Counts a read from when readers have it until it ends. */
  async during<T>(read: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await read();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay < this.#enough) {
        this.#room?.resolve();
        this.#room = undefined;
      }
    }
  }
}
