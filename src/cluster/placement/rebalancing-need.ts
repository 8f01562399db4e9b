import { planMoves } from './move-plan.ts';
import { type PlacementInput, takers } from './placement-input.ts';

/**
 * Whether the counts of replicas of members that are alive differ by more than `threshold` times their mean, and by more than one, and moves would make them
 * evener: zones may keep them from it.
 */
export function needsRebalancing(input: PlacementInput, threshold: number): boolean {
  const counts = new Map(takers(input).map((node) => [node, 0]));
  for (const { replicas } of input.state.shards) {
    for (const { node } of replicas) {
      const count = counts.get(node);
      if (count !== undefined) counts.set(node, count + 1);
    }
  }
  const all = [...counts.values()];
  const mean = all.reduce((sum, count) => sum + count, 0) / all.length;
  const spread = Math.max(...all) - Math.min(...all);
  if (all.length === 0 || spread <= 1 || spread <= threshold * mean) return false;
  const state = { ...input.state, rebalancing: true };
  return planMoves({ ...input, state }).left.rebalance > 0;
}
