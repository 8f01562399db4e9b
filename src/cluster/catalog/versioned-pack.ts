import { Packr } from 'msgpackr';
import { VectorDbError } from '../../base/error.ts';
import type { WireShape } from '../call/wire-shape.ts';

// Records and shared structures would make the bytes of one value depend on those before it.
const packr = new Packr({ useRecords: false, moreTypes: false });

/** Values of one type as bytes and back: a version byte, then one MessagePack value. Equal values have equal bytes. */
export class VersionedPack<T> {
  readonly #version: number;
  readonly #what: string;
  readonly #shape: WireShape<T>;

  /**
   * @param version - 1 … 255
   * @param what - what it is, for errors: `a command of the cluster`
   */
  constructor(version: number, what: string, shape: WireShape<T>) {
    this.#version = version;
    this.#what = what;
    this.#shape = shape;
  }

  /** In memory of their own. */
  encode(value: T): Uint8Array {
    const packed = packr.pack(this.#shape.encode(value));
    const bytes = new Uint8Array(1 + packed.byteLength);
    bytes[0] = this.#version;
    bytes.set(packed, 1);
    return bytes;
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  decode(bytes: Uint8Array): T {
    if (bytes[0] !== this.#version) {
      throw this.#damaged(`format ${bytes[0] ?? 'none'} is not known`);
    }
    let value: unknown;
    try {
      value = packr.unpack(bytes.subarray(1));
    } catch {
      throw this.#damaged('it is not MessagePack');
    }
    return this.#shape.decode(value);
  }

  #damaged(why: string): VectorDbError {
    return new VectorDbError('DATA_CORRUPT', `${this.#what} cannot be read: ${why}`);
  }
}
