import {
  FRAME_HEADER_BYTES,
  type Frame,
  type FrameFault,
  type FrameHeader,
  isBodyOf,
  readFrameHeader,
} from './frame-codec.ts';

/** Room for a body begins with this much, and doubles with what arrives. */
const ROOM_BYTES_MIN = 64 * 1024;

/**
 * Cuts a stream of bytes, which comes in any pieces, into frames. A frame that lies in one piece is a view of it. Room is never made for more than twice the
 * bytes that have come. After a fault nothing that follows can be understood, and the connection has to end.
 */
export class FrameReader {
  readonly #bodyBytesMax: () => number;
  #piece: Uint8Array = new Uint8Array(0);
  #fault: FrameFault | undefined;
  /** Of the frame under way, once it is complete. */
  #header: FrameHeader | undefined;
  /** Begin of a header or a body that goes on in the next piece. */
  #room: Uint8Array = new Uint8Array(0);
  #roomUsed = 0;

  /** @param bodyBytesMax - the limit, asked for at each header: it is smaller before the other side is known */
  constructor(bodyBytesMax: () => number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** Gives the next piece; the one before must have been taken: {@link next} said that there is no more. */
  push(piece: Uint8Array): void {
    // Views of it are to be plain, and a socket gives Buffers.
    this.#piece = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
  }

  /** The next frame, or why the stream is broken (from then on), or undefined: more bytes are needed. */
  next(): Frame | FrameFault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#header === undefined) {
      const bytes = this.#take(FRAME_HEADER_BYTES);
      if (bytes === undefined) return undefined;
      const header = readFrameHeader(bytes, this.#bodyBytesMax());
      if (typeof header === 'string') return this.#fail(header);
      this.#header = header;
    }
    const body = this.#take(this.#header.bodyLength);
    if (body === undefined) return undefined;
    if (!isBodyOf(this.#header, body)) return this.#fail('body');
    const { kind } = this.#header;
    this.#header = undefined;
    return { kind, body };
  }

  #fail(fault: FrameFault): FrameFault {
    this.#fault = fault;
    this.#piece = new Uint8Array(0);
    this.#room = this.#piece;
    return fault;
  }

  /** So many bytes in one, or undefined where they are not there yet. */
  #take(length: number): Uint8Array | undefined {
    const missing = length - this.#roomUsed;
    const part = this.#piece.subarray(0, missing);
    this.#piece = this.#piece.subarray(part.length);
    if (this.#roomUsed === 0 && part.length === length) return part;
    this.#keep(part, length);
    if (this.#roomUsed < length) return undefined;
    const bytes = this.#room.subarray(0, length);
    this.#room = new Uint8Array(0);
    this.#roomUsed = 0;
    return bytes;
  }

  #keep(part: Uint8Array, length: number): void {
    const needed = this.#roomUsed + part.length;
    if (needed > this.#room.length) {
      const larger = new Uint8Array(Math.min(length, Math.max(ROOM_BYTES_MIN, 2 * needed)));
      larger.set(this.#room.subarray(0, this.#roomUsed));
      this.#room = larger;
    }
    this.#room.set(part, this.#roomUsed);
    this.#roomUsed = needed;
  }
}
