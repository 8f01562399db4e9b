/** An ef and the recall it brings. */
export interface EfReading {
  readonly ef: number;
  readonly recall: number;
}

const EF_MIN = 12;
const EF_MAX = 4096;
/** How near to the smallest is near enough: so many, or this share. */
const STEP = 2;
const STEP_SHARE = 0.02;

/** The smallest ef, to a few, whose recall is `target` or more; the largest one tried where none is. */
export async function smallestEf(
  target: number,
  recallAt: (ef: number) => Promise<number>,
): Promise<EfReading> {
  const read = async (ef: number): Promise<EfReading> => ({ ef, recall: await recallAt(ef) });
  let good = await read(EF_MIN);
  let bad = 0;
  while (good.recall < target && good.ef < EF_MAX) {
    bad = good.ef;
    good = await read(Math.min(EF_MAX, 2 * good.ef));
  }
  if (good.recall < target) return good;
  while (good.ef - bad > Math.max(STEP, good.ef * STEP_SHARE)) {
    const middle = await read(Math.round((good.ef + bad) / 2));
    if (middle.recall >= target) good = middle;
    else bad = middle.ef;
  }
  return good;
}
