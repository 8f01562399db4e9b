import { VectorDbError } from '../base/error.ts';

/** JSON with ids beyond 2^53 and vectors as numbers. @throws {VectorDbError} INVALID_ARGUMENT: there is none of it, as of a circle */
export function writeJson(body: object): string {
  try {
    return JSON.stringify(body, (_key, value: unknown) => {
      if (value instanceof Float32Array) return Array.from(value);
      return typeof value === 'bigint' ? rawJson(String(value)) : value;
    });
  } catch (error) {
    const { message } = error as Error;
    throw new VectorDbError('INVALID_ARGUMENT', `it cannot be written as JSON: ${message}`);
  }
}

/** A number in JSON by its digits. */
function rawJson(digits: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);
}
