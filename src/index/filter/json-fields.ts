import { VectorDbError } from '../../base/error.ts';
import { FloatNumber } from '../payload/payload-value.ts';

/** The fields of one JSON object of a filter, read with errors that name them. A field that is null counts as absent. */
export class JsonFields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #field: string;

  private constructor(object: Readonly<Record<string, unknown>>, field: string) {
    this.#object = object;
    this.#field = field;
  }

  /** @throws {VectorDbError} INVALID_FILTER when `json` is not an object */
  static of(json: unknown, field: string): JsonFields {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new VectorDbError('INVALID_FILTER', `${field}: it must be an object`, { field });
    }
    return new JsonFields(json as Record<string, unknown>, field);
  }

  /** Names of the fields that are present and not null. */
  names(): string[] {
    return Object.keys(this.#object).filter((name) => this.has(name));
  }

  has(name: string): boolean {
    if (!Object.hasOwn(this.#object, name)) return false;
    return this.#object[name] !== null && this.#object[name] !== undefined;
  }

  get(name: string): unknown {
    return this.has(name) ? this.#object[name] : undefined;
  }

  path(name: string): string {
    return `${this.#field}.${name}`;
  }

  /** @throws {VectorDbError} INVALID_FILTER when there is a field of another name, null or not */
  allow(names: readonly string[]): void {
    for (const name of Object.keys(this.#object)) {
      if (names.includes(name)) continue;
      const field = this.path(name);
      const known = names.join(', ');
      throw new VectorDbError('INVALID_FILTER', `${field}: unknown field; known here: ${known}`, {
        field,
      });
    }
  }

  invalid(why: string, name?: string): VectorDbError {
    const field = name === undefined ? this.#field : this.path(name);
    return new VectorDbError('INVALID_FILTER', `${field}: ${why}`, { field });
  }

  missing(name: string): VectorDbError {
    return this.invalid('it is missing', name);
  }

  object(name: string): JsonFields {
    if (!this.has(name)) throw this.missing(name);
    return JsonFields.of(this.#object[name], this.path(name));
  }

  array(name: string, lengthMax: number): readonly unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw this.invalid('it must be an array', name);
    if (value.length > lengthMax) {
      const field = this.path(name);
      throw new VectorDbError(
        'LIMIT_EXCEEDED',
        `${field}: it has at most ${lengthMax} elements, not ${value.length}`,
        { field },
      );
    }
    return value;
  }

  string(name: string): string {
    const value = this.get(name);
    if (typeof value !== 'string') throw this.invalid('it must be a string', name);
    if (!value.isWellFormed()) throw this.invalid('it must be well-formed Unicode', name);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.get(name);
    if (typeof value !== 'boolean') throw this.invalid('it must be true or false', name);
    return value;
  }

  /** Any finite number, as a double. */
  number(name: string): number {
    const value = this.get(name);
    const number =
      value instanceof FloatNumber
        ? value.value
        : typeof value === 'bigint'
          ? Number(value)
          : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw this.invalid('it must be a finite number', name);
    }
    return number;
  }

  /** A safe integer of at least `min`. */
  integer(name: string, min: number): number {
    const value = this.get(name);
    if (!Number.isSafeInteger(value) || (value as number) < min) {
      throw this.invalid(`it must be an integer of at least ${min}`, name);
    }
    return value as number;
  }
}
