/** Bytes of a request or an answer that go into one frame. */
export const PART_BYTES = 128 * 1024;
/** Bytes that are written at once; then it is seen whether the connection takes more. */
const WRITE_BYTES = 256 * 1024;

/** Something to send: as one frame, or cut into parts. */
interface Outgoing {
  readonly bytes: Uint8Array;
  /** The frame of its first part. */
  readonly begin: (data: Uint8Array) => Uint8Array;
  sentBytes: number;
}

/** Collaborators of {@link PartWriter}. */
export interface PartWriterOptions {
  /** Whether the connection takes bytes now. */
  readonly isWritable: () => boolean;
  /** Sends frames in one write. */
  readonly write: (frames: readonly Uint8Array[]) => void;
  /** The frame of a part that is not the first. */
  readonly rest: (number: number, data: Uint8Array) => Uint8Array;
  /** All of it was handed to the connection. */
  readonly onSent: (number: number) => void;
}

/**
 * Shares a connection between requests or answers: small ones leave in their order, several in one write; the parts of large ones take turns between them, so
 * that nothing waits long behind a large one. Its owner bounds what waits.
 */
export class PartWriter {
  readonly #options: PartWriterOptions;
  #notices: Uint8Array[] = [];
  /** By number, in order. */
  readonly #small = new Map<number, Outgoing>();
  /** By number, whose turn is next first. */
  readonly #large = new Map<number, Outgoing>();
  #waitingBytes = 0;

  constructor(options: PartWriterOptions) {
    this.#options = options;
  }

  /** How many wait, notices included. */
  get waiting(): number {
    return this.#notices.length + this.#small.size + this.#large.size;
  }

  /** Bytes that wait, without those of notices. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Queues bytes, which must not change until they are sent. */
  push(number: number, bytes: Uint8Array, begin: (data: Uint8Array) => Uint8Array): void {
    const queue = bytes.length > PART_BYTES ? this.#large : this.#small;
    queue.set(number, { bytes, begin, sentBytes: 0 });
    this.#waitingBytes += bytes.length;
  }

  /** Queues a whole frame of a few bytes, before all others. */
  notice(frame: Uint8Array): void {
    this.#notices.push(frame);
  }

  /** Takes something back. `partly`: the other side has its begin. */
  take(number: number): 'whole' | 'partly' | undefined {
    const outgoing = this.#small.get(number) ?? this.#large.get(number);
    if (outgoing === undefined) return undefined;
    this.#small.delete(number);
    this.#large.delete(number);
    this.#waitingBytes -= outgoing.bytes.length - outgoing.sentBytes;
    return outgoing.sentBytes === 0 ? 'whole' : 'partly';
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#notices = [];
    this.#small.clear();
    this.#large.clear();
    this.#waitingBytes = 0;
  }

  /** Writes as much as the connection takes. */
  flush(): void {
    while (this.waiting > 0 && this.#options.isWritable()) {
      const sent: number[] = [];
      const frames = this.#notices;
      this.#notices = [];
      this.#takeSmall(frames, sent);
      this.#takeLarge(frames, sent);
      this.#options.write(frames);
      for (const number of sent) this.#options.onSent(number);
    }
  }

  #takeSmall(frames: Uint8Array[], sent: number[]): void {
    let bytes = 0;
    for (const [number, outgoing] of this.#small) {
      if (bytes >= WRITE_BYTES) return;
      bytes += outgoing.bytes.length;
      this.#small.delete(number);
      this.#waitingBytes -= outgoing.bytes.length;
      frames.push(outgoing.begin(outgoing.bytes));
      sent.push(number);
    }
  }

  /** One part of the large one whose turn it is. */
  #takeLarge(frames: Uint8Array[], sent: number[]): void {
    for (const [number, outgoing] of this.#large) {
      const { bytes, begin, sentBytes } = outgoing;
      const data = bytes.subarray(sentBytes, sentBytes + PART_BYTES);
      frames.push(sentBytes === 0 ? begin(data) : this.#options.rest(number, data));
      outgoing.sentBytes += data.length;
      this.#waitingBytes -= data.length;
      this.#large.delete(number);
      if (outgoing.sentBytes < bytes.length) this.#large.set(number, outgoing);
      else sent.push(number);
      return;
    }
  }
}
