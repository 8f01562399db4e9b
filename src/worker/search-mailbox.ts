import { assert, must } from '../base/assert.ts';
import type { ReadResponses, SearchQuery } from './read-messages.ts';
import { SearchSlot, SLOT_BYTES } from './search-slot.ts';

/** Searches that one mailbox holds at a time. */
export const MAILBOX_SLOTS = 4;
/** Counters are a cache line apart, as two threads write them. */
const LINE = 16;
/** Searches put in, searches answered, orders sent as messages; and who has to be woken by a message, as it waits for one. */
const POSTED = 0;
const ANSWERED = LINE;
const ORDERED = 2 * LINE;
const THREAD_ASLEEP = 3 * LINE;
const POOL_ASLEEP = 4 * LINE;
const HEAD_BYTES = 5 * LINE * 4;

/** Shared memory for a mailbox. */
export function mailboxMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEAD_BYTES + MAILBOX_SLOTS * SLOT_BYTES);
  const counters = new Int32Array(memory);
  counters[THREAD_ASLEEP] = 1;
  counters[POOL_ASLEEP] = 1;
  return memory;
}

function slotsOf(memory: SharedArrayBuffer): readonly SearchSlot[] {
  return Array.from(
    { length: MAILBOX_SLOTS },
    (_, i) => new SearchSlot(memory, HEAD_BYTES + i * SLOT_BYTES),
  );
}

const slotAt = (slots: readonly SearchSlot[], count: number): SearchSlot =>
  must(slots[(count >>> 0) % MAILBOX_SLOTS], 'a count has its slot');

/**
 * The pool's end of a way for plain searches that costs no message where both sides are at work: searches are answered in the order they were put in,
 * each in its slot. Whoever finds nothing to do says so before it waits, and only then is woken by a message; both look once more after they
 * said so, and thereby none is overlooked.
 */
export class SearchOutbox {
  readonly #counters: Int32Array;
  readonly #slots: readonly SearchSlot[];
  readonly #ids: number[] = [];
  #posted = 0;
  #collected = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.#slots = slotsOf(memory);
  }

  /** Puts a search in; false where there is no slot for it, or it is not plain. */
  offer(id: number, query: SearchQuery): boolean {
    if (this.#ids.length === MAILBOX_SLOTS) return false;
    if (!slotAt(this.#slots, this.#posted).writeQuery(id, query)) return false;
    this.#ids.push(id);
    this.#posted = (this.#posted + 1) | 0;
    Atomics.store(this.#counters, POSTED, this.#posted);
    return true;
  }

  /** Whether the thread waits for a message; true once only. */
  takeSleep(): boolean {
    return Atomics.compareExchange(this.#counters, THREAD_ASLEEP, 1, 0) === 1;
  }

  /** To be called before a message that must be followed before any search that is put in later. */
  order(): void {
    Atomics.add(this.#counters, ORDERED, 1);
  }

  /** Hands out the answers there are; undefined stands for one that comes as a message. */
  collect(take: (id: number, response: ReadResponses['search'] | undefined) => void): void {
    do {
      Atomics.store(this.#counters, POOL_ASLEEP, 0);
      while (this.#collected !== Atomics.load(this.#counters, ANSWERED)) {
        const response = slotAt(this.#slots, this.#collected).readAnswer();
        this.#collected = (this.#collected + 1) | 0;
        take(must(this.#ids.shift(), 'an answer has its search'), response);
      }
      Atomics.store(this.#counters, POOL_ASLEEP, 1);
    } while (this.#collected !== Atomics.load(this.#counters, ANSWERED));
  }
}

/** A search that was taken from the mailbox. */
export interface MailedSearch {
  readonly id: number;
  /** Its vector is valid until the next search is taken. */
  readonly query: SearchQuery;
}

/** The search thread's end of {@link SearchOutbox}. */
export class SearchInbox {
  readonly #counters: Int32Array;
  readonly #slots: readonly SearchSlot[];
  #vector: Float32Array = new Float32Array(0);
  #answered = 0;
  #ordered = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.#slots = slotsOf(memory);
  }

  /**
   * The next search, to be answered before another is taken. Undefined: there is none, and a message will tell when there is; or an order comes
   * first.
   */
  next(): MailedSearch | undefined {
    if (this.#isEmpty()) {
      Atomics.store(this.#counters, THREAD_ASLEEP, 1);
      if (this.#isEmpty()) return undefined;
    }
    Atomics.store(this.#counters, THREAD_ASLEEP, 0);
    if (Atomics.load(this.#counters, ORDERED) !== this.#ordered) return undefined;
    const slot = slotAt(this.#slots, this.#answered);
    const query = slot.readQuery(this.#vector);
    this.#vector = query.vector;
    return { id: slot.readId(), query };
  }

  /** Answers the search that was taken last; false where the answer does not fit, and has to be sent as a message. */
  answer(response: ReadResponses['search'] | undefined): boolean {
    assert(!this.#isEmpty(), 'a search is answered once');
    const slot = slotAt(this.#slots, this.#answered);
    const fits = response !== undefined && slot.writeAnswer(response);
    if (!fits) slot.writeElsewhere();
    this.#answered = (this.#answered + 1) | 0;
    Atomics.store(this.#counters, ANSWERED, this.#answered);
    return fits;
  }

  /** Whether the pool waits for a message; true once only. */
  takeSleep(): boolean {
    return Atomics.compareExchange(this.#counters, POOL_ASLEEP, 1, 0) === 1;
  }

  /** An order was followed. */
  follow(): void {
    this.#ordered = (this.#ordered + 1) | 0;
  }

  #isEmpty(): boolean {
    return this.#answered === Atomics.load(this.#counters, POSTED);
  }
}
