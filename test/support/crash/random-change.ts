import type { Random } from '../../../src/base/random.ts';
import {
  type Change,
  checksum,
  type ModelledPoint,
  type ModelledSelector,
} from './modelled-point.ts';
import type { OwnedPoints } from './owned-points.ts';

/** Numbers of the unnamed vector, and of the one named `alt`. */
export const DIMENSIONS = { main: 24, alt: 8 } as const;
/** Tags that a client gives to its points. */
export const TAGS = Array.from({ length: 8 }, (_, tag) => `t${tag}`);

const IDS = 500;
const BATCH_MAX = 60;
const SELECTED_MAX = 20;
const PADDING_MAX = 400;

export interface RandomChangeOptions {
  readonly random: Random;
  readonly owner: number;
  /** Different for each change of an owner. */
  readonly write: number;
  readonly points: OwnedPoints;
}

/** A change of some kind or other that a client may make next. */
export function randomChange(options: RandomChangeOptions): Change {
  const { random, write } = options;
  const dice = random.below(100);
  if (dice < 45) {
    const size = 1 + random.below(BATCH_MAX);
    const points = new Map<unknown, ModelledPoint>();
    while (points.size < size) {
      const point = randomPoint(options);
      points.set(point.id, point);
    }
    return { kind: 'upsert', points: [...points.values()] };
  }
  if (dice < 63) return { kind: 'delete', selector: randomSelector(options, 0.3) };
  if (dice < 81) {
    const payload = { note: `w${write}`, pair: `w${write}`, n: random.below(1_000) };
    return { kind: 'set', selector: randomSelector(options, 0.3), payload };
  }
  if (dice < 90) {
    const { points } = options.points;
    const point = points[random.below(Math.max(1, points.length))];
    if (point === undefined) return { kind: 'upsert', points: [randomPoint(options)] };
    const { owner, tag, sum } = point.payload as Record<string, string | number>;
    const payload = { owner: owner as number, tag: tag as string, sum: sum as number, write };
    return { kind: 'overwrite', selector: { ids: [point.id] }, payload };
  }
  return { kind: 'unset', selector: randomSelector(options, 0.3), keys: ['note', 'pair'] };
}

/** A point with a checksum in its payload. */
export function randomPoint({
  random,
  owner,
  write,
}: Omit<RandomChangeOptions, 'points'>): ModelledPoint {
  const number = random.below(IDS);
  const id = number % 2 === 0 ? owner * 10_000 + number : `${owner}-${number}`;
  const numbers = (length: number): Float32Array =>
    Float32Array.from({ length }, () => random.next() * 2 - 1);
  const vector = numbers(DIMENSIONS.main);
  const vectors = random.below(2) === 0 ? { vector } : { vector, alt: numbers(DIMENSIONS.alt) };
  const tag = TAGS[random.below(TAGS.length)] as string;
  const payload = {
    owner,
    tag,
    write,
    n: random.below(1_000),
    padding: 'ß'.repeat(random.below(PADDING_MAX)),
    sum: checksum({ id, ...vectors }, tag),
  };
  return { id, ...vectors, payload };
}

function randomSelector(
  { random, owner, points }: RandomChangeOptions,
  filterShare: number,
): ModelledSelector {
  if (random.next() < filterShare) {
    return { owner, tag: TAGS[random.below(TAGS.length)] as string };
  }
  const there = points.points;
  const chosen = Array.from(
    { length: 1 + random.below(SELECTED_MAX) },
    () => there[random.below(Math.max(1, there.length))]?.id ?? owner * 10_000,
  );
  return { ids: [...new Set(chosen)] };
}
