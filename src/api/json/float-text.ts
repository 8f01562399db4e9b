/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Every decimal text of up to six digits survives a float32; nine digits tell any two of them apart. */
const DIGITS_SURE = 6;
const DIGITS_MAX = 9;

/** A finite float32 as `digits / 10^scale`, the shortest that reads back as itself. */
export interface ShortDecimal {
  /** An integer of one to nine digits. */
  digits: number;
  /** 0 to 22. */
  scale: number;
}

/**
 * The shortest decimal of a float32 between 1e-7 and 1e7: the nearest decimals of six to nine digits are tried in turn.
 *
 * @param value - positive, a float32
 * @param into - takes the answer; false, and nothing is in it, where the value is out of the range
 */
export function shortDecimal(value: number, into: ShortDecimal): boolean {
  if (!(value >= 1e-7 && value < 1e7)) return false;
  let scale = DIGITS_SURE;
  for (let bound = 1; bound > value; bound /= 10) scale += 1;
  for (let bound = 10; bound <= value; bound *= 10) scale -= 1;
  if (scale > DIGITS_SURE) scale -= 1;
  const last = scale + DIGITS_MAX - DIGITS_SURE;
  if (scale < 0) scale = 0;
  for (; scale <= last; scale += 1) {
    const power = POWERS[scale] as number;
    let digits = Math.floor(value * power + 0.5) | 0;
    if (Math.fround(digits / power) !== value) continue;
    while (scale > 0 && digits % 10 === 0) {
      digits /= 10;
      scale -= 1;
    }
    into.digits = digits;
    into.scale = scale;
    return true;
  }
  return false;
}

/** The shortest decimal text, as JSON, that reads back as this float32; of what is no finite number, `null`. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (Object.is(value, -0)) return '-0';
  for (let digits = 1; digits < DIGITS_MAX; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(DIGITS_MAX)));
}
