import type { NodeNumber } from '../../raft/transport/transport.ts';
import { replicasWanted } from '../catalog/move-changes.ts';
import { type SpreadItem, spreadItems } from './item-spread.ts';
import { conditionOf, type PlacementInput, takers } from './placement-input.ts';
import { majorityOf, type ShardSurvey } from './shard-survey.ts';
import type { WantedMove } from './wanted-move.ts';
import { zonesOf } from './zones.ts';

/** What is wrong with shards, and what would mend it. */
export interface RepairPlan {
  /** At most one for each shard: what comes next, the most endangered first, trims last. */
  readonly wanted: readonly WantedMove[];
  /** All that would come one after the other. */
  readonly all: readonly WantedMove[];
  /** By shard: where its replicas will be then. */
  readonly targets: readonly (readonly NodeNumber[])[];
  readonly unplaced: number;
}

/** Finds a place for every replica that is missing, of no use or on a leaving node, and those of which there are too many. Sound replicas stay where they are. */
export function planRepairs(input: PlacementInput, surveys: readonly ShardSurvey[]): RepairPlan {
  const wantedSize = replicasWanted(input.state);
  const nodes = takers(input);
  const cases = surveys.map((survey) => caseOf(input, survey, wantedSize, nodes));
  const targets = spreadItems(
    cases.map(({ item }) => item),
    zonesOf(input.state),
  );
  const all = cases.map((each, shard) => movesFor(input, each, targets[shard] ?? []));
  const urgent = all
    .flatMap(([first], shard) => (first === undefined ? [] : [{ first, survey: surveys[shard] }]))
    .toSorted((a, b) => urgency(a.first, a.survey) - urgency(b.first, b.survey));
  return {
    wanted: urgent.map(({ first }) => first),
    all: all.flat(),
    targets,
    unplaced: cases.reduce((sum, { unplaced }) => sum + unplaced, 0),
  };
}

/** A shard, and what it needs. */
interface RepairCase {
  readonly survey: ShardSurvey;
  readonly kept: readonly NodeNumber[];
  readonly renewed: readonly NodeNumber[];
  /** Given up, in this order: those that are of no use, or silent, before those that vote. */
  readonly givenUp: readonly NodeNumber[];
  readonly item: SpreadItem;
  readonly unplaced: number;
}

function caseOf(
  input: PlacementInput,
  survey: ShardSurvey,
  wanted: number,
  nodes: readonly NodeNumber[],
): RepairCase {
  const { sound } = survey;
  if (survey.move !== undefined) {
    const item = { fixed: survey.nodes, movable: [], candidates: [], count: survey.nodes.length };
    return { survey, kept: survey.nodes, renewed: [], givenUp: [], item, unplaced: 0 };
  }
  // Where there are enough without them, damaged ones need not be made anew.
  const renewed = sound.length < wanted ? survey.renewable : [];
  const dropped = sound.length < wanted ? [] : survey.renewable;
  const kept = [...sound, ...renewed];
  const isLive = (node: NodeNumber): boolean => survey.live.has(node);
  const draining = [
    ...survey.draining.filter((node) => !isLive(node)),
    ...survey.draining.filter(isLive),
  ];
  const givenUp = [...survey.spent, ...dropped, ...draining];
  const isWhole = kept.every((node) => conditionOf(input, node) === 'alive');
  if (kept.length > wanted && givenUp.length === 0 && isWhole) {
    const item = { fixed: [], movable: kept, candidates: [], count: wanted };
    return { survey, kept, renewed: [], givenUp: [], item, unplaced: 0 };
  }
  const candidates = nodes.filter((node) => !survey.nodes.includes(node));
  const missing = Math.max(0, wanted - kept.length);
  const placed = Math.min(missing, candidates.length);
  const item = { fixed: kept, movable: [], candidates, count: kept.length + placed };
  return { survey, kept, renewed, givenUp, item, unplaced: missing - placed };
}

/** One after the other; none while the shard moves. */
function movesFor(
  input: PlacementInput,
  { survey, kept, renewed, givenUp, unplaced }: RepairCase,
  target: readonly NodeNumber[],
): readonly WantedMove[] {
  const { shard, draining } = survey;
  if (survey.move !== undefined) return [];
  const reasonOf = (node: NodeNumber): 'drain' | 'replace' =>
    draining.includes(node) ? 'drain' : 'replace';
  const zoneOf = zonesOf(input.state);
  const adds = target.filter((node) => !kept.includes(node));
  const moves: WantedMove[] = renewed.map((node) => ({
    shard,
    reason: 'replace',
    add: node,
    remove: node,
  }));
  const waiting = [...givenUp];
  while (adds.length > 0 && waiting.length > 0) {
    const remove = waiting.shift() ?? 0;
    const inZone = adds.findIndex((node) => zoneOf(node) === zoneOf(remove));
    const [add = 0] = adds.splice(Math.max(0, inZone), 1);
    moves.push({ shard, reason: reasonOf(remove), add, remove });
  }
  for (const add of adds) moves.push({ shard, reason: 'repair', add });
  // Those that nothing comes for are kept as long as there are too few.
  if (unplaced === 0) {
    for (const remove of waiting) moves.push({ shard, reason: reasonOf(remove), remove });
  }
  for (const remove of kept.filter((node) => !target.includes(node))) {
    moves.push({ shard, reason: 'trim', remove });
  }
  return moves;
}

/** Less is more urgent: how many live replicas a shard could lose, then whether there are too few or too many. */
function urgency({ reason }: WantedMove, survey: ShardSurvey | undefined): number {
  if (survey === undefined) return 0;
  const spare = survey.live.size - majorityOf(survey.size);
  const rank = reason === 'trim' ? 2 : reason === 'drain' ? 1 : 0;
  return rank * 2 ** 20 + spare;
}
