import { assert } from '../../base/assert.ts';
import { seededRandom } from '../../base/random.ts';
import { kernelsOver, PAGE_BYTES } from '../kernels/kernels.ts';

/** Most numbers of a row. */
const SIZE_MAX = 131_072;
const ROWS_AT = 2 * SIZE_MAX * 4;
const ROWS_BYTES = 3 * 1024 * 1024;
const ROWS_MAX = 64;

/**
 * Where all rotations of this thread happen, one at a time: it holds nothing between two calls. A memory for each rotation would do as well but
 * for the address space that each takes (about 8 GB), and a thread has one for each graph that it has open.
 */
const scratch = new WebAssembly.Memory({
  initial: (ROWS_AT + ROWS_BYTES) / PAGE_BYTES,
  maximum: (ROWS_AT + ROWS_BYTES) / PAGE_BYTES,
  shared: true,
});
const kernels = kernelsOver(scratch);

/**
 * A random rotation of rows of `size` numbers, not scaled: two rounds of random signs and a Walsh-Hadamard transform (Ailon and Chazelle 2009, "The
 * fast Johnson-Lindenstrauss transform"). It spreads what is in few dimensions over all of them, so that one bit of each says about as much.
 */
export class Rotation {
  readonly size: number;
  /** Rows that one call takes at most. */
  readonly rowsMax: number;
  /**
   * Where the rows to rotate are put, `rowsMax` times `size` numbers, and found afterwards. All rotations of a thread share it: what is in it
   * lasts until the next one is used.
   */
  readonly rows: Float32Array;
  readonly #signs: Float32Array;
  readonly #signsInPlace: Float32Array;

  /**
   * @param size - a power of two, 16 to 131,072
   * @param seed - decides the signs; the same seed, the same rotation
   */
  constructor(size: number, seed: number) {
    assert(
      size >= 16 && size <= SIZE_MAX && Number.isInteger(Math.log2(size)),
      'a rotation has a size',
    );
    this.size = size;
    this.rowsMax = Math.min(ROWS_MAX, Math.floor(ROWS_BYTES / (size * 4)));
    this.rows = new Float32Array(scratch.buffer, ROWS_AT, this.rowsMax * size);
    const random = seededRandom(seed);
    this.#signs = Float32Array.from({ length: 2 * size }, () => (random.next() < 0.5 ? -1 : 1));
    this.#signsInPlace = new Float32Array(scratch.buffer, 0, 2 * size);
  }

  /** Rotates the first `count` rows in place. */
  rotate(count: number): void {
    assert(count <= this.rowsMax, 'a rotation takes so many rows');
    this.#signsInPlace.set(this.#signs);
    kernels.rotate(ROWS_AT, count, this.size, 0);
  }
}
