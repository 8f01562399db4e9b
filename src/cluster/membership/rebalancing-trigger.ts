import type { MovePlan } from '../placement/move-plan.ts';
import type { PlacementInput } from '../placement/placement-input.ts';
import { needsRebalancing } from '../placement/rebalancing-need.ts';

/** Says when replicas are to be evened out without being asked: not again for the same members once somebody has stopped it. */
export class RebalancingTrigger {
  readonly #threshold: number;
  #wasOn = false;
  /** It was done, and is being switched off. */
  #isEnding = false;
  /** Members for whom somebody stopped it; undefined: nobody has. */
  #stoppedFor: string | undefined;

  /** @param threshold - part of the mean by which counts of replicas may differ */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** The catalog is led anew: what the last leader saw of it is not known. */
  begin(): void {
    this.#wasOn = false;
    this.#isEnding = false;
    this.#stoppedFor = undefined;
  }

  /** Nothing is left to be evened out: it is being switched off. */
  ending(): void {
    this.#isEnding = true;
  }

  /** Whether it is to be switched on. To be asked in every round. */
  isDue(input: PlacementInput, plan: MovePlan): boolean {
    const { rebalancing, nodes } = input.state;
    const members = [...nodes.values()]
      .filter(({ state }) => state === 'member')
      .map(({ number }) => number)
      .join();
    const wasStopped = this.#wasOn && !rebalancing && !this.#isEnding;
    if (wasStopped) this.#stoppedFor = members;
    else if (this.#stoppedFor !== members) this.#stoppedFor = undefined;
    this.#wasOn = rebalancing;
    if (!rebalancing) this.#isEnding = false;
    if (rebalancing || this.#stoppedFor !== undefined || !plan.isSettled) return false;
    return needsRebalancing(input, this.#threshold);
  }
}
