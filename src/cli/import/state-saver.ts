import type { Clock } from '../../base/clock.ts';
import type { SourcePosition } from '../source/import-source.ts';
import type { ImportIdentity, ImportState } from './import-state.ts';

const PERIOD_MS = 1_000;

/** Saves how far an import came, at most once a second and one save at a time. */
export class StateSaver {
  readonly #state: ImportState;
  readonly #identity: ImportIdentity;
  readonly #clock: Clock;
  #savedMs: number;
  #saving: Promise<void> | undefined;

  constructor(options: {
    readonly state: ImportState;
    readonly identity: ImportIdentity;
    readonly clock: Clock;
  }) {
    this.#state = options.state;
    this.#identity = options.identity;
    this.#clock = options.clock;
    this.#savedMs = options.clock.monotonicMs();
  }

  /** Resolves when the position was saved, or at once where it is not to be saved now. @throws what the save threw */
  async reached(position: SourcePosition): Promise<void> {
    const now = this.#clock.monotonicMs();
    if (this.#saving !== undefined || now - this.#savedMs < PERIOD_MS) return;
    this.#savedMs = now;
    this.#saving = this.#state.save(this.#identity, position);
    try {
      await this.#saving;
    } finally {
      this.#saving = undefined;
    }
  }

  /** Resolves when no save is under way. */
  async idle(): Promise<void> {
    await this.#saving?.catch(() => {});
  }
}
