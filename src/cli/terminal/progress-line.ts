import type { Clock } from '../../base/clock.ts';
import { groupedInteger, readableSeconds } from './figures.ts';
import type { Output } from './output.ts';

const TERMINAL_PERIOD_MS = 100;
const PLAIN_PERIOD_MS = 5_000;
const BAR_CELLS = 24;

export interface ProgressLineOptions {
  readonly output: Output;
  readonly clock: Clock;
  /** What is counted, such as `points`. */
  readonly noun: string;
  /** Undefined: not known. */
  readonly total: number | undefined;
  /** What was there before this run; it does not count for the rate. */
  readonly start: number;
}

/** How far something has come: one line that is drawn over again on a terminal, a line every five seconds elsewhere. */
export class ProgressLine {
  readonly #options: ProgressLineOptions;
  readonly #startedMs: number;
  #shownMs: number;
  #drawn = false;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#shownMs = this.#startedMs;
  }

  /** Seconds since it was made. */
  get seconds(): number {
    return (this.#options.clock.monotonicMs() - this.#startedMs) / 1000;
  }

  /** Shows `done`, unless the last time was only just. */
  async update(done: number): Promise<void> {
    const { output, clock } = this.#options;
    const now = clock.monotonicMs();
    const period = output.columns === undefined ? PLAIN_PERIOD_MS : TERMINAL_PERIOD_MS;
    if (now - this.#shownMs < period) return;
    this.#shownMs = now;
    const text = this.#text(done, now);
    if (output.columns === undefined) {
      await output.write(`${text}\n`);
    } else {
      this.#drawn = true;
      await output.write(`\r\x1b[2K${text.slice(0, Math.max(0, output.columns - 1))}`);
    }
  }

  /** Writes a line of its own, and leaves the progress to be drawn below it. */
  async note(text: string): Promise<void> {
    await this.clear();
    await this.#options.output.write(`${text}\n`);
  }

  /** Takes the drawn line away. */
  async clear(): Promise<void> {
    if (this.#drawn) await this.#options.output.write('\r\x1b[2K');
    this.#drawn = false;
  }

  #text(done: number, now: number): string {
    const { total, noun, start, output } = this.#options;
    const seconds = (now - this.#startedMs) / 1000;
    const rate = (done - start) / seconds;
    const tail = `${groupedInteger(Math.round(rate))}/s`;
    if (total === undefined) return `${groupedInteger(done)} ${noun}  ${tail}`;
    const part = total === 0 ? 1 : Math.min(1, done / total);
    const percent = `${Math.floor(100 * part)}%`.padStart(4);
    const left = rate > 0 ? readableSeconds((total - done) / rate) : 'unknown';
    const cells = Math.round(BAR_CELLS * part);
    const bar =
      output.columns === undefined ? '' : `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)} `;
    return `${bar}${percent}  ${groupedInteger(done)}/${groupedInteger(total)} ${noun}  ${tail}  ${left} left`;
  }
}
