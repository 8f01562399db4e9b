/** Bytes of a file in memory. */
export class GrowableBytes {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Writes at any position; what lies between is zero. */
  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, end);
  }

  /** A copy; shorter at the end. */
  read(position: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(position, Math.min(position + length, this.#size));
  }

  /** Cuts, or lengthens by zeros. */
  resize(size: number): void {
    if (size > this.#size) this.write(size, new Uint8Array(0));
    else this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  /** Takes the content of another one. */
  become(other: GrowableBytes): void {
    this.#bytes = other.#bytes.slice();
    this.#size = other.#size;
  }
}
