import { LEFT_OUT } from './build-job.ts';
import type { BuildSource } from './build-source.ts';

/** The rows of the segment to be, in the order of their slots. */
export class BuildPlan {
  readonly sources: readonly BuildSource[];
  /** The source whose graphs are extended: its rows keep their slots, dead ones too. */
  readonly base: BuildSource | undefined;
  readonly rows: number;
  /** By source, then by its slot. */
  readonly slots: readonly Uint32Array[];
  readonly #sourceOf: Uint16Array;
  readonly #slotOf: Uint32Array;

  constructor(sources: readonly BuildSource[]) {
    this.base = extendable(sources);
    this.sources =
      this.base === undefined
        ? sources
        : [this.base, ...sources.filter((source) => source !== this.base)];
    let next = 0;
    this.slots = this.sources.map((source) => {
      const slots = new Uint32Array(source.rows).fill(LEFT_OUT);
      for (let slot = 0; slot < source.rows; slot += 1) {
        if (source === this.base || source.live.has(slot)) slots[slot] = next++;
      }
      return slots;
    });
    this.rows = next;
    this.#sourceOf = new Uint16Array(next);
    this.#slotOf = new Uint32Array(next);
    this.slots.forEach((slots, index) => {
      slots.forEach((to, from) => {
        if (to === LEFT_OUT) return;
        this.#sourceOf[to] = index;
        this.#slotOf[to] = from;
      });
    });
  }

  source(slot: number): BuildSource {
    return this.sources[this.#sourceOf[slot] as number] as BuildSource;
  }

  /** The slot that new slot `slot` has in its source. */
  sourceSlot(slot: number): number {
    return this.#slotOf[slot] as number;
  }

  /** Visits each row that is kept, in slot order; dead rows of the base come with `live` false. */
  scan(
    from: number,
    to: number,
    visit: (slot: number, key: Uint8Array, payload: Uint8Array, live: boolean) => void,
  ): void {
    for (let next = from; next < to;) {
      const index = this.#sourceOf[next] as number;
      const source = this.sources[index] as BuildSource;
      let last = next;
      while (last + 1 < to && this.#sourceOf[last + 1] === index) last += 1;
      const slots = this.slots[index] as Uint32Array;
      source.scan(this.sourceSlot(next), this.sourceSlot(last) + 1, (slot, key, payload) => {
        const target = slots[slot] as number;
        if (target !== LEFT_OUT) visit(target, key, payload, source.live.has(slot));
      });
      next = last + 1;
    }
  }
}

const BASE_ROWS_SHARE = 0.5;
const BASE_DEAD_SHARE = 0.05;

/** The source whose graphs are worth extending: most of the rows, few of them dead (dead nodes cost every later search). */
function extendable(sources: readonly BuildSource[]): BuildSource | undefined {
  const largest = sources.reduce<BuildSource | undefined>(
    (best, source) => (best === undefined || source.rows > best.rows ? source : best),
    undefined,
  );
  if (largest === undefined || largest.handle.kind !== 'sealed') return undefined;
  const total = sources.reduce((sum, source) => sum + source.rows, 0);
  const dead = largest.rows - largest.live.count();
  const worthwhile = largest.rows >= total * BASE_ROWS_SHARE && sources.length > 1;
  return worthwhile && dead <= largest.rows * BASE_DEAD_SHARE ? largest : undefined;
}
