import {
  FloatNumber,
  integerOf,
  isPayloadArray,
  numberOf,
  type PayloadValue,
} from '../payload/payload-value.ts';
import { parseDatetime } from './datetime.ts';
import type { FieldTest, MatchValue, NumberBounds } from './filter.ts';
import { compileGeoTest, geoPointOf } from './geo.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

/** A test of a field's values, as they are at its key: an array stands for its elements. */
export type ValuesTest = (values: readonly PayloadValue[]) => boolean;

/**
 * A test made ready to be asked of many points.
 *
 * @param tokenizer - of the field's text index; without one, `text` and `phrase` look for the text itself, `textAny` for its words
 */
export function compileFieldTest(test: FieldTest, tokenizer?: TextTokenizer): ValuesTest {
  if (test.kind === 'valuesCount') return valuesCount(test);
  if (tokenizer !== undefined) {
    if (test.kind === 'text') return allTokens(tokenizer, test.text);
    if (test.kind === 'textAny') return anyToken(tokenizer, test.text);
  }
  return anyElement(compileElementTest(test, tokenizer));
}

/** How many values a field's value stands for: its elements, 1, or of null none. */
export function valueCount(value: PayloadValue): number {
  if (value === null) return 0;
  return isPayloadArray(value) ? value.length : 1;
}

/** Whether a field without values, or with nothing but nulls and empty arrays, stands there. */
export const isEmptyField: ValuesTest = (values) =>
  values.every((value) => value === null || (isPayloadArray(value) && value.length === 0));

/** Whether a null stands at the field, or in an array there. */
export const isNullField: ValuesTest = (values) =>
  values.some((value) => value === null || (isPayloadArray(value) && value.includes(null)));

/** Whether a number lies within the bounds. */
export function withinBounds(bounds: NumberBounds, value: number): boolean {
  return (
    (bounds.lt === undefined || value < bounds.lt) &&
    (bounds.gt === undefined || value > bounds.gt) &&
    (bounds.lte === undefined || value <= bounds.lte) &&
    (bounds.gte === undefined || value >= bounds.gte)
  );
}

/**
 * A value as one that `match` compares, or undefined: a string, a boolean, or an integer (a `bigint` only beyond the safe ones). Equal
 * values are the same key of a `Set`.
 */
export function matchable(value: PayloadValue | MatchValue): MatchValue | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  const integer = value instanceof FloatNumber ? undefined : integerOf(value);
  if (typeof integer !== 'bigint') return integer;
  const safe = Number(integer);
  return Number.isSafeInteger(safe) ? safe : integer;
}

/** The strings among a field's values. */
function stringsOf(values: readonly PayloadValue[]): string[] {
  return values
    .flatMap((value) => (isPayloadArray(value) ? value : [value]))
    .filter((value) => typeof value === 'string');
}

function valuesCount(bounds: NumberBounds): ValuesTest {
  return (values) =>
    values.length === 0
      ? withinBounds(bounds, 0)
      : values.some((value) => withinBounds(bounds, valueCount(value)));
}

function anyElement(test: (value: PayloadValue) => boolean): ValuesTest {
  return (values) => {
    for (const value of values) {
      if (isPayloadArray(value)) {
        for (const item of value) if (test(item)) return true;
      } else if (test(value)) return true;
    }
    return false;
  };
}

function compileElementTest(
  test: Exclude<FieldTest, { kind: 'valuesCount' }>,
  tokenizer: TextTokenizer | undefined,
): (value: PayloadValue) => boolean {
  switch (test.kind) {
    case 'value': {
      const wanted = matchable(test.value);
      return (value) => wanted !== undefined && matchable(value) === wanted;
    }
    case 'any': {
      const wanted = new Set(test.values.map(matchable));
      return (value) => {
        const found = matchable(value);
        return found !== undefined && wanted.has(found);
      };
    }
    case 'except': {
      const refused = new Set(test.values.map(matchable));
      return (value) => {
        if (value === null) return false;
        const found = matchable(value);
        return found === undefined || !refused.has(found);
      };
    }
    case 'text':
      return (value) => typeof value === 'string' && value.includes(test.text);
    case 'textAny': {
      const words = test.text.split(/\s+/u).filter((word) => word !== '');
      return (value) => typeof value === 'string' && words.some((word) => value.includes(word));
    }
    case 'phrase':
      if (tokenizer !== undefined) return phrase(tokenizer, test.text);
      return (value) => typeof value === 'string' && value.includes(test.text);
    case 'prefix':
      return (value) => typeof value === 'string' && value.startsWith(test.text);
    case 'range':
      return (value) => {
        const number = numberOf(value);
        return number !== undefined && withinBounds(test, number);
      };
    case 'datetimeRange':
      return (value) => {
        const micros = typeof value === 'string' ? parseDatetime(value) : undefined;
        return micros !== undefined && withinBounds(test, micros);
      };
    case 'geoRadius':
    case 'geoBoundingBox':
    case 'geoPolygon': {
      const contains = compileGeoTest(test);
      return (value) => {
        const place = geoPointOf(value);
        return place !== undefined && contains(place.lon, place.lat);
      };
    }
  }
}

function allTokens(tokenizer: TextTokenizer, text: string): ValuesTest {
  const wanted = tokenizer.queryTokens(text);
  if (wanted.length === 0) return () => false;
  return (values) => {
    const present = new Set(stringsOf(values).flatMap((value) => tokenizer.tokens(value)));
    return wanted.every((token) => present.has(token));
  };
}

function anyToken(tokenizer: TextTokenizer, text: string): ValuesTest {
  const wanted = new Set(tokenizer.queryTokens(text));
  if (wanted.size === 0) return () => false;
  return (values) =>
    stringsOf(values).some((value) => tokenizer.tokens(value).some((token) => wanted.has(token)));
}

function phrase(tokenizer: TextTokenizer, text: string): (value: PayloadValue) => boolean {
  const wanted = tokenizer.queryTokens(text);
  if (wanted.length === 0) return () => false;
  return (value) => {
    if (typeof value !== 'string') return false;
    const tokens = tokenizer.queryTokens(value);
    for (let at = 0; at + wanted.length <= tokens.length; at += 1) {
      if (wanted.every((token, i) => tokens[at + i] === token)) return true;
    }
    return false;
  };
}
