/**
 * A number that its writer spelled with a fraction or an exponent although it is whole (`1.0`, `1e3`), or that is too large for a 64-bit
 * integer. It counts as a floating-point number: ranges see it, `match` does not.
 */
export class FloatNumber {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/**
 * A JSON value that remembers what kind of number it holds: a `number` that is whole is an integer, a `bigint` is an integer beyond the safe
 * ones, any other `number` and every {@link FloatNumber} is floating point.
 */
export type PayloadValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | FloatNumber
  | readonly PayloadValue[]
  | PayloadObject;

/** A parsed JSON object; only its own properties are its members. */
export interface PayloadObject {
  readonly [key: string]: PayloadValue;
}

/** Whether the value is a JSON object. */
export function isPayloadObject(value: PayloadValue): value is PayloadObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof FloatNumber)
  );
}

/** Whether the value is a JSON array. */
export function isPayloadArray(value: PayloadValue): value is readonly PayloadValue[] {
  return Array.isArray(value);
}

/** The value as a double where it is a number of any kind, else undefined. */
export function numberOf(value: PayloadValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof FloatNumber ? value.value : undefined;
}

/** The value where it is an integer, else undefined. */
export function integerOf(value: PayloadValue): number | bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
