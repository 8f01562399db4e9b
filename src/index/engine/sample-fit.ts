/** Mean of each dimension of `sample`'s rows, to six digits; undefined where there are no rows. */
export function sampleMean(sample: Float32Array, dimension: number): number[] | undefined {
  const rows = sample.length / dimension;
  if (rows === 0) return undefined;
  const sums = new Float64Array(dimension);
  for (let i = 0; i < sample.length; i += 1) {
    sums[i % dimension] = (sums[i % dimension] as number) + (sample[i] as number);
  }
  return Array.from(sums, (sum) => short(sum / rows));
}

/** The quantile `share` (0 to 1) of the sample's magnitudes about `center`; 1 where it is zero or there are no numbers. */
export function sampleMagnitude(
  sample: Float32Array,
  center: readonly number[] | undefined,
  share: number,
): number {
  const magnitudes = new Float32Array(sample.length);
  for (let i = 0; i < sample.length; i += 1) {
    magnitudes[i] = Math.abs((sample[i] as number) - (center?.[i % center.length] ?? 0));
  }
  return quantile(magnitudes, share);
}

/** The quantile `share` of the lengths of the sample's rows about `center`; 1 where it is zero or there are no rows. */
export function sampleLength(
  sample: Float32Array,
  dimension: number,
  center: readonly number[] | undefined,
  share: number,
): number {
  const lengths = new Float32Array(sample.length / dimension);
  for (let row = 0; row < lengths.length; row += 1) {
    let squares = 0;
    for (let i = 0; i < dimension; i += 1) {
      squares += ((sample[row * dimension + i] as number) - (center?.[i] ?? 0)) ** 2;
    }
    lengths[row] = Math.sqrt(squares);
  }
  return quantile(lengths, share);
}

function quantile(values: Float32Array, share: number): number {
  if (values.length === 0) return 1;
  values.sort();
  const value = values[Math.min(values.length - 1, Math.floor(values.length * share))] as number;
  return value > 0 ? short(value) : 1;
}

/** Six digits are more than codes resolve, and keep encodings short where they are written as text. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}
