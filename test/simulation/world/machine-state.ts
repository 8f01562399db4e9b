import { crc32 } from 'node:zlib';
import { LOG_START, type EntryId } from '../../../src/raft/core/entry.ts';

/** A row that changes; `undefined`: it goes. */
export type RowChange = readonly [key: string, value: string | undefined];

/** Replicated state: rows of text, with a digest that is kept up to date. */
export class MachineState {
  applied: EntryId = LOG_START;
  readonly #rows = new Map<string, string>();
  #digest = 0;

  get(key: string): string | undefined {
    return this.#rows.get(key);
  }

  set([key, value]: RowChange): void {
    const before = this.#rows.get(key);
    if (before !== undefined) this.#digest = (this.#digest - rowHash(key, before)) >>> 0;
    if (value === undefined) {
      this.#rows.delete(key);
      return;
    }
    this.#rows.set(key, value);
    this.#digest = (this.#digest + rowHash(key, value)) >>> 0;
  }

  /** Rows whose keys begin with a prefix, by the rest of their keys. */
  withPrefix(prefix: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [key, value] of this.#rows) {
      if (key.startsWith(prefix)) found.set(key.slice(prefix.length), value);
    }
    return found;
  }

  /** Does not depend on the order in which rows came. */
  get digest(): string {
    return `${this.#rows.size}:${this.#digest.toString(16)}`;
  }

  copy(): MachineState {
    const copy = new MachineState();
    copy.applied = this.applied;
    for (const row of this.#rows) copy.set(row);
    return copy;
  }

  encode(): Uint8Array {
    const rows = [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Buffer.from(JSON.stringify({ applied: this.applied, rows }));
  }

  /** @throws {SyntaxError} */
  static decode(bytes: Uint8Array): MachineState {
    const { applied, rows } = JSON.parse(Buffer.from(bytes).toString()) as {
      readonly applied: EntryId;
      readonly rows: readonly [string, string][];
    };
    const state = new MachineState();
    state.applied = applied;
    for (const row of rows) state.set(row);
    return state;
  }
}

const rowHash = (key: string, value: string): number => crc32(value, crc32(key));
