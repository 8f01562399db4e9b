import { unreachable } from '../../../src/base/unreachable.ts';
import type { RandomStream } from './random-streams.ts';
import { type Direction, direction } from './simulated-links.ts';

/**
 * Shapes of a torn network: one node alone; two sides; two sides with one node that sees both; each node sees only its neighbours in a ring; a
 * few single directions.
 */
export const PARTITION_SHAPES = ['isolate', 'split', 'bridge', 'ring', 'directions'] as const;
export type PartitionShape = (typeof PARTITION_SHAPES)[number];

/**
 * Directions that are blocked.
 *
 * @param chosen - the node that is alone, or is the bridge
 * @param oneWay - whether only one of the two directions between two nodes is
 */
export function partition(
  shape: PartitionShape,
  nodes: readonly number[],
  chosen: number,
  oneWay: boolean,
  random: RandomStream,
): ReadonlySet<Direction> {
  const blocked = new Set<Direction>();
  const apart = separation(shape, nodes, chosen, random);
  const outward = random.happens(0.5);
  for (const [at, a] of nodes.entries()) {
    for (const b of nodes.slice(at + 1)) {
      if (!apart(a, b)) continue;
      const [from, to] = a === chosen ? [a, b] : [b, a];
      if (!oneWay || outward) blocked.add(direction(from, to));
      if (!oneWay || !outward) blocked.add(direction(to, from));
    }
  }
  return blocked;
}

function separation(
  shape: PartitionShape,
  nodes: readonly number[],
  chosen: number,
  random: RandomStream,
): (a: number, b: number) => boolean {
  const order = random.shuffled(nodes);
  const side = new Set(order.slice(0, 1 + random.below(Math.max(1, nodes.length - 1))));
  switch (shape) {
    case 'isolate':
      return (a, b) => a === chosen || b === chosen;
    case 'split':
      return (a, b) => side.has(a) !== side.has(b);
    case 'bridge':
      return (a, b) => a !== chosen && b !== chosen && side.has(a) !== side.has(b);
    case 'ring':
      return (a, b) => {
        const distance = Math.abs(order.indexOf(a) - order.indexOf(b));
        return distance !== 1 && distance !== order.length - 1;
      };
    case 'directions':
      return () => random.happens(0.3);
    default:
      return unreachable(shape);
  }
}
