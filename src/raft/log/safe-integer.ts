const HIGH = 2 ** 32;
/** Safe integers have 53 bits. */
const HIGH_LIMIT = 2 ** 21;

/** Writes a safe integer from 0 on as eight bytes, little-endian. */
export function writeSafeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % HIGH, true);
  view.setUint32(at + 4, Math.floor(value / HIGH), true);
}

/** Reads what {@link writeSafeInteger} wrote; NaN where the bytes are no safe integer. */
export function readSafeInteger(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  return high < HIGH_LIMIT ? high * HIGH + view.getUint32(at, true) : Number.NaN;
}
