import type { Clock } from '../../base/clock.ts';
import type { NodeNumber } from '../transport/transport.ts';

/** From which nodes anything came lately, of whatever group. */
export class NodeContact {
  readonly #clock: Clock;
  readonly #withinMs: number;
  readonly #heardMs = new Map<NodeNumber, number>();

  /** @param withinMs - what `lately` means */
  constructor(clock: Clock, withinMs: number) {
    this.#clock = clock;
    this.#withinMs = withinMs;
  }

  /** Messages of the node have come. */
  heard(node: NodeNumber): void {
    this.#heardMs.set(node, this.#clock.monotonicMs());
  }

  hasHeard(node: NodeNumber): boolean {
    const heardMs = this.#heardMs.get(node);
    return heardMs !== undefined && this.#clock.monotonicMs() - heardMs < this.#withinMs;
  }
}
