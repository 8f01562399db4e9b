import type { Clock } from '../../base/clock.ts';

export interface ActionSlotsOptions {
  readonly clock: Clock;
  /** Milliseconds before something that failed is tried again. */
  readonly retryMs: number;
  readonly onDone: () => void;
  readonly onError: (what: string, error: unknown) => void;
}

interface Slot {
  isBusy: boolean;
  doneMs: number;
  notBeforeMs: number;
}

/** Things under way, at most one of a name at a time; what fails rests a while. */
export class ActionSlots {
  readonly #options: ActionSlotsOptions;
  #slots = new Map<string, Slot>();

  constructor(options: ActionSlotsOptions) {
    this.#options = options;
  }

  /** Forgets everything; what is under way ends unheard. */
  clear(): void {
    this.#slots = new Map();
  }

  /** Whether something of the name can begin now. */
  isFree(name: string): boolean {
    const slot = this.#slots.get(name);
    if (slot === undefined) return true;
    return !slot.isBusy && this.#options.clock.monotonicMs() >= slot.notBeforeMs;
  }

  /** When the last one of the name ended, by the monotonic clock; older than anything where there was none. */
  doneMs(name: string): number {
    return this.#slots.get(name)?.doneMs ?? -Infinity;
  }

  /** Begins it, unless one of the name is under way or rests. */
  begin(name: string, action: () => Promise<unknown>): void {
    if (!this.isFree(name)) return;
    const slot = { isBusy: true, doneMs: this.doneMs(name), notBeforeMs: -Infinity };
    this.#slots.set(name, slot);
    void this.#run(name, slot, action);
  }

  async #run(name: string, slot: Slot, action: () => Promise<unknown>): Promise<void> {
    const { clock, retryMs, onDone, onError } = this.#options;
    try {
      await action();
      slot.doneMs = clock.monotonicMs();
    } catch (error) {
      slot.doneMs = clock.monotonicMs();
      slot.notBeforeMs = slot.doneMs + retryMs;
      if (this.#slots.get(name) === slot) onError(name, error);
    }
    slot.isBusy = false;
    if (this.#slots.get(name) === slot) onDone();
  }
}
