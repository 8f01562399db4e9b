import { readFileSync } from 'node:fs';

import { InvalidArgumentError, Option } from 'commander';

import { INTEGER_MAX } from '../client/request-checks.ts';
import { DEFAULT_LIMITS } from '../database/limits.ts';
import type { Filter } from '../index/filter/filter.ts';
import { parseFilter } from '../index/filter/filter-parser.ts';

/** Reads an option's text as an integer of at least `least`. @throws {InvalidArgumentError} */
export function integerAtLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`An integer of at least ${least} is needed.`);
    }
    if (value > INTEGER_MAX) {
      throw new InvalidArgumentError(`An integer of at most ${INTEGER_MAX} is needed.`);
    }
    return value;
  };
}

/** Reads an option's text as a finite number. @throws {InvalidArgumentError} */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('A number is needed.');
  }
  return value;
}

/** An option that takes a number of seconds above 0, and gives milliseconds. */
export function secondsOption(flags: string, description: string, standard: number): Option {
  return new Option(flags, description)
    .default(standard * 1000, String(standard))
    .argParser((text: string) => {
      const value = finiteNumber(text);
      if (value <= 0) throw new InvalidArgumentError('A number above 0 is needed.');
      return value * 1000;
    });
}

/** Reads names with commas between them. */
export function commaSeparated(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Reads an option's text as JSON, or, where it begins with `@`, the file it names. @throws {InvalidArgumentError} */
export function jsonOption(text: string): unknown {
  let json = text;
  if (text.startsWith('@')) {
    try {
      json = readFileSync(text.slice(1), 'utf8');
    } catch {
      throw new InvalidArgumentError(`${text.slice(1)} cannot be read.`);
    }
  }
  try {
    return JSON.parse(json, exactInteger as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}.`);
  }
}

/**
 * Reads a filter in the form that the REST interface takes, or `@` and a file with one.
 *
 * @throws {InvalidArgumentError} when it is not JSON
 * @throws {VectorDbError} INVALID_FILTER
 */
export function filterOption(text: string): Filter {
  return parseFilter(jsonOption(text), { limits: DEFAULT_LIMITS, field: '--filter' });
}

/** Reads a list of numbers as JSON. @throws {InvalidArgumentError} */
export function vectorOption(text: string): Float32Array {
  return vectorFromJson(jsonOption(text));
}

/** @throws {InvalidArgumentError} when it is no list of numbers */
export function vectorFromJson(value: unknown): Float32Array {
  const isVector =
    Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === 'number');
  if (!isVector) throw new InvalidArgumentError('A list of numbers is needed, such as [0.1, 0.2].');
  return Float32Array.from(value);
}

/** Integers beyond the safe ones keep their digits. */
function exactInteger(
  _key: string,
  value: unknown,
  context: { readonly source?: string },
): unknown {
  const { source } = context;
  const inexact =
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '');
  return inexact ? BigInt(source as string) : value;
}
