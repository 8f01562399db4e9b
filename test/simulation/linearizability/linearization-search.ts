import { must } from '../../../src/base/assert.ts';
import type { Model } from './model.ts';
import { UNKNOWN, type Operation } from './operation.ts';

/** How a search ended: the operations that took effect, in an order that explains the history, and the state after them; or why there is none. */
export type SearchOutcome<State, Input, Output> = { readonly steps: number } & (
  | {
      readonly result: 'linearizable';
      readonly order: readonly Operation<Input, Output>[];
      readonly state: State;
    }
  | { readonly result: 'violation' | 'unknown' }
);

interface Taken<State> {
  /** Of a known operation; of an unknown one, its number plus the count of known ones. */
  readonly operation: number;
  readonly stateBefore: State;
}

/**
 * Looks for an order of one partition's operations that respects time and that a single copy of the object could have followed: Wing and Gong's search (1993) over a list
 * of calls and returns, with Lowe's memory (2017) of what was reached before: (operations taken, state).
 *
 * Operations with a known outcome must all be taken, each before its return; one whose outcome is unknown may be taken at any time since its call. An unknown one
 * is not taken where it would change nothing, nor before an equal one that was called earlier.
 */
export class LinearizationSearch<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #stepsMax: number;
  readonly #known: readonly Operation<Input, Output>[];
  readonly #unknown: readonly Operation<Input, Output>[];
  /** Of an unknown operation, the equal one called before it; -1: none. */
  readonly #twins: Int32Array;
  /** Calls and returns not lifted out, by time: event 2i + 1 is the call of known operation i, 2i + 2 its return, 0 the head and the end. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #isTaken: Uint8Array;
  readonly #unknownTaken: Uint32Array;
  readonly #stack: Taken<State>[] = [];
  readonly #reached = new Set<string>();
  #knownTaken = 0;
  /** The first known operation that is not taken. */
  #low = 0;
  #state: State;
  #steps = 0;

  /** @param stepsMax - steps of the model after which the search gives up */
  constructor(
    model: Model<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    stepsMax: number,
  ) {
    const byCall = operations.toSorted((a, b) => a.calledAt - b.calledAt);
    this.#model = model;
    this.#stepsMax = stepsMax;
    this.#state = model.initial;
    this.#known = byCall.filter(({ returned }) => returned !== undefined);
    this.#unknown = byCall.filter(({ returned }) => returned === undefined);
    this.#twins = twinsOf(this.#unknown.map(({ input }) => model.describeInput(input)));
    this.#next = new Int32Array(2 * this.#known.length + 1);
    this.#previous = new Int32Array(2 * this.#known.length + 1);
    this.#isTaken = new Uint8Array(this.#known.length + this.#unknown.length);
    this.#unknownTaken = new Uint32Array(Math.ceil(this.#unknown.length / 32));
    this.#link();
  }

  /** Searches; once. */
  run(): SearchOutcome<State, Input, Output> {
    let from = 0;
    while (this.#knownTaken < this.#known.length) {
      const taken = this.#takeNext(from);
      if (this.#steps > this.#stepsMax) return { result: 'unknown', steps: this.#steps };
      if (taken) {
        from = 0;
        continue;
      }
      const last = this.#stack.pop();
      if (last === undefined) return { result: 'violation', steps: this.#steps };
      this.#putBack(last);
      from = last.operation + 1;
    }
    const order = this.#stack.map(({ operation }) => this.#operation(operation));
    return { result: 'linearizable', order, state: this.#state, steps: this.#steps };
  }

  #operation(operation: number): Operation<Input, Output> {
    const known = this.#known[operation] ?? this.#unknown[operation - this.#known.length];
    return must(known, 'an operation of the search');
  }

  /** Takes the first operation from number `from` on that can be next. */
  #takeNext(from: number): boolean {
    let event = this.#next[0] ?? 0;
    while (isCall(event)) {
      const operation = (event - 1) / 2;
      if (operation >= from && this.#take(operation)) return true;
      event = this.#next[event] ?? 0;
    }
    const first = this.#known[(event - 2) / 2]?.returned?.at ?? Infinity;
    for (let i = Math.max(0, from - this.#known.length); i < this.#unknown.length; i++) {
      if ((this.#unknown[i]?.calledAt ?? Infinity) > first) return false;
      if (this.#mayTakeUnknown(i) && this.#take(this.#known.length + i)) return true;
    }
    return false;
  }

  #mayTakeUnknown(i: number): boolean {
    const twin = this.#twins[i] ?? -1;
    const base = this.#known.length;
    return this.#isTaken[base + i] === 0 && (twin === -1 || this.#isTaken[base + twin] === 1);
  }

  /** Whether the operation can be next and leads to something that was not reached before; then it is taken. */
  #take(operation: number): boolean {
    const { input, returned } = this.#operation(operation);
    this.#steps += 1;
    const output = returned === undefined ? UNKNOWN : returned.output;
    const stateBefore = this.#state;
    const after = this.#model.step(stateBefore, input, output);
    if (after === undefined) return false;
    const isKnown = returned !== undefined;
    const changes = this.#model.stateKey(after.state) !== this.#model.stateKey(stateBefore);
    if (!isKnown && !changes) return false;
    this.#mark(operation, true);
    this.#state = after.state;
    const key = this.#key();
    if (this.#reached.has(key)) {
      this.#putBack({ operation, stateBefore });
      return false;
    }
    this.#reached.add(key);
    this.#stack.push({ operation, stateBefore });
    return true;
  }

  #putBack({ operation, stateBefore }: Taken<State>): void {
    this.#mark(operation, false);
    this.#state = stateBefore;
  }

  #mark(operation: number, taken: boolean): void {
    this.#isTaken[operation] = taken ? 1 : 0;
    const unknown = operation - this.#known.length;
    if (unknown >= 0) {
      const word = unknown >>> 5;
      this.#unknownTaken[word] = (this.#unknownTaken[word] ?? 0) ^ (1 << (unknown & 31));
      return;
    }
    this.#knownTaken += taken ? 1 : -1;
    if (taken) {
      this.#lift(2 * operation + 1);
      this.#lift(2 * operation + 2);
      while (this.#isTaken[this.#low] === 1 && this.#low < this.#known.length) this.#low += 1;
    } else {
      this.#unlift(2 * operation + 2);
      this.#unlift(2 * operation + 1);
      this.#low = Math.min(this.#low, operation);
    }
  }

  /** Names what is taken (all known ones before `low`, those listed, the unknown ones by their bits) and the state. */
  #key(): string {
    const beyond: number[] = [];
    const count = this.#knownTaken - this.#low;
    for (let i = this.#low + 1; beyond.length < count; i++) {
      if (this.#isTaken[i] === 1) beyond.push(i);
    }
    return `${this.#low},${beyond.join()};${this.#unknownTaken.join()};${this.#model.stateKey(this.#state)}`;
  }

  #link(): void {
    const events = this.#known
      .flatMap(({ calledAt, returned }, i) => [
        { event: 2 * i + 1, at: calledAt },
        { event: 2 * i + 2, at: returned?.at ?? Infinity },
      ])
      .toSorted((a, b) => a.at - b.at || Number(isCall(b.event)) - Number(isCall(a.event)));
    let last = 0;
    for (const { event } of events) {
      this.#next[last] = event;
      this.#previous[event] = last;
      last = event;
    }
    this.#next[last] = 0;
    this.#previous[0] = last;
  }

  #lift(event: number): void {
    const previous = this.#previous[event] ?? 0;
    const next = this.#next[event] ?? 0;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  /** Undoes the newest {@link #lift} that is not undone. */
  #unlift(event: number): void {
    this.#next[this.#previous[event] ?? 0] = event;
    this.#previous[this.#next[event] ?? 0] = event;
  }
}

const isCall = (event: number): boolean => event % 2 === 1;

/** For each text, where it came last before; -1: nowhere. */
function twinsOf(texts: readonly string[]): Int32Array {
  const last = new Map<string, number>();
  return Int32Array.from(texts, (text, i) => {
    const twin = last.get(text) ?? -1;
    last.set(text, i);
    return twin;
  });
}
