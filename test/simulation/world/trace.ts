/** What an event is; a function where the text is dear and rarely read. Its text follows from the seed alone. */
export type TraceLabel = string | (() => string);

const KEPT = 200;
const FNV_PRIME = 0x01000193;

const textOf = (label: TraceLabel): string => (typeof label === 'string' ? label : label());

/** What happened in a simulation: a hash of everything, which two runs of one seed share, and the newest events as text. */
export class Trace {
  #low = 0x811c9dc5;
  #high = 0x5bd1e995;
  readonly #newest: { atMs: number; label: TraceLabel }[] = [];
  #written = 0;
  #print: ((line: string) => void) | undefined;

  /** Prints each event from now on. */
  printTo(print: (line: string) => void): void {
    this.#print = print;
  }

  /** An event begins. Of a label that is a function only the time counts for the hash; see {@link mix}. */
  event(atMs: number, label: TraceLabel): void {
    this.mix(Math.round(atMs * 1000));
    if (typeof label === 'string') this.#mixText(label);
    this.note(atMs, label);
  }

  /** A line for people; does not count for the hash. */
  note(atMs: number, label: TraceLabel): void {
    this.#newest[this.#written % KEPT] = { atMs, label };
    this.#written += 1;
    this.#print?.(lineOf(atMs, label));
  }

  /** Adds a number to the hash; an integer. */
  mix(number: number): void {
    this.#low = Math.imul(this.#low ^ (number | 0), FNV_PRIME) >>> 0;
    this.#high = Math.imul((this.#high ^ this.#low) + number / 0x1_0000_0000, FNV_PRIME) >>> 0;
  }

  #mixText(text: string): void {
    let low = this.#low;
    for (let at = 0; at < text.length; at += 1) {
      low = Math.imul(low ^ text.charCodeAt(at), FNV_PRIME);
    }
    this.#low = low >>> 0;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const hex = (number: number): string => number.toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  /** The newest events, the oldest of them first. */
  newest(): string[] {
    const first = Math.max(0, this.#written - KEPT);
    return Array.from({ length: this.#written - first }, (_, at) => {
      const event = this.#newest[(first + at) % KEPT];
      return event === undefined ? '' : lineOf(event.atMs, event.label);
    });
  }
}

function lineOf(atMs: number, label: TraceLabel): string {
  return `${atMs.toFixed(3).padStart(12)}  ${textOf(label)}`;
}
