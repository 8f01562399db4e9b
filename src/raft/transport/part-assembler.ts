import { malformed } from './byte-reader.ts';

/** Bytes of the smallest part that is not the last: many small ones would take far more memory than they hold. */
const PART_BYTES_MIN = 1024;

/** Something of which parts are missing. */
interface Incoming<T> {
  readonly about: T;
  readonly total: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** Something that is complete. */
export interface Assembled<T> {
  readonly about: T;
  readonly bytes: Uint8Array;
}

/** Puts parts together, of several things at once. Room is made as bytes come; what may be announced at once has a bound. */
export class PartAssembler<T> {
  readonly #bytesMax: number;
  readonly #incoming = new Map<number, Incoming<T>>();
  #announcedBytes = 0;

  /** @param bytesMax - of all that is announced and not complete; one thing alone may be larger */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes the first part: the whole thing where it is all, undefined where more is to come, `full` where there is no room for it.
   *
   * @throws {VectorDbError} DATA_CORRUPT where this number is under way
   */
  begin(
    number: number,
    total: number,
    data: Uint8Array,
    about: T,
  ): Assembled<T> | 'full' | undefined {
    if (this.#incoming.has(number)) throw malformed('it begins twice');
    if (data.length === total) return { about, bytes: data };
    if (data.length < PART_BYTES_MIN) throw malformed('a part of it is too small');
    if (this.#incoming.size > 0 && this.#announcedBytes + total > this.#bytesMax) return 'full';
    this.#incoming.set(number, { about, total, parts: [data], bytes: data.length });
    this.#announcedBytes += total;
    return undefined;
  }

  /**
   * Takes a later part: the whole thing where it is the last. Parts of what was dropped, or never began, are passed over.
   *
   * @throws {VectorDbError} DATA_CORRUPT for more than was announced
   */
  add(number: number, data: Uint8Array): Assembled<T> | undefined {
    const incoming = this.#incoming.get(number);
    if (incoming === undefined) return undefined;
    incoming.bytes += data.length;
    if (incoming.bytes > incoming.total) throw malformed('it has more than it announced');
    incoming.parts.push(data);
    if (incoming.bytes < incoming.total) {
      if (data.length < PART_BYTES_MIN) throw malformed('a part of it is too small');
      return undefined;
    }
    this.drop(number);
    return { about: incoming.about, bytes: joined(incoming.parts, incoming.total) };
  }

  /** Whether something was under way. */
  drop(number: number): boolean {
    const incoming = this.#incoming.get(number);
    if (incoming === undefined) return false;
    this.#incoming.delete(number);
    this.#announcedBytes -= incoming.total;
    return true;
  }

  clear(): void {
    this.#incoming.clear();
    this.#announcedBytes = 0;
  }
}

function joined(parts: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
