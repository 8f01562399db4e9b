import { type PlacementInput, takers } from './placement-input.ts';
import { surveyShards } from './shard-survey.ts';

/** How evenly replicas lie on members that are alive, once the moves under way have ended. */
export interface ReplicaSpread {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** 0: as even as can be; 0.1: the fullest node and the emptiest are a tenth of the mean farther apart than they need be. */
  readonly imbalance: number;
}

/** See {@link ReplicaSpread}. */
export function replicaSpread(input: PlacementInput): ReplicaSpread {
  const counts = new Map(takers(input).map((node) => [node, 0]));
  for (const { nodes } of surveyShards(input)) {
    for (const node of nodes) {
      const count = counts.get(node);
      if (count !== undefined) counts.set(node, count + 1);
    }
  }
  const all = [...counts.values()];
  if (all.length === 0) return { min: 0, max: 0, mean: 0, imbalance: 0 };
  const total = all.reduce((sum, count) => sum + count, 0);
  const [min, max, mean] = [Math.min(...all), Math.max(...all), total / all.length];
  const unavoidable = total % all.length === 0 ? 0 : 1;
  return { min, max, mean, imbalance: mean === 0 ? 0 : (max - min - unavoidable) / mean };
}
