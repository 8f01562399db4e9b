import { encodePointId, pointKeyText } from '../../src/base/point-id.ts';
import { VectorDbError } from '../../src/base/error.ts';
import type { Condition, FieldTest, Filter, MatchValue } from '../../src/index/filter/filter.ts';

/** A point as the filter of the memory database sees it. */
export interface FilteredPoint {
  readonly keyText: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

/** Whether `point` passes `filter`; plain key paths, values, ranges and texts only. @throws {VectorDbError} INVALID_FILTER for what it does not know */
export function passesFilter(filter: Filter, point: FilteredPoint): boolean {
  const holds = (condition: Condition): boolean => passesCondition(condition, point);
  if (filter.must && !filter.must.every(holds)) return false;
  if (filter.mustNot?.some(holds)) return false;
  if (filter.should && filter.should.length > 0 && !filter.should.some(holds)) return false;
  const { minShould } = filter;
  return !minShould || minShould.conditions.filter(holds).length >= minShould.minCount;
}

function passesCondition(condition: Condition, point: FilteredPoint): boolean {
  switch (condition.kind) {
    case 'field':
      return passesField(condition.test, valueAt(point.payload, condition.key));
    case 'isEmpty': {
      const value = valueAt(point.payload, condition.key);
      return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    }
    case 'isNull': {
      const value = valueAt(point.payload, condition.key);
      return value === null || (Array.isArray(value) && value.includes(null));
    }
    case 'hasId':
      return condition.ids.some(
        (id) => pointKeyText(encodePointId(id, 'has_id', 65_535)) === point.keyText,
      );
    case 'hasVector':
      return Object.hasOwn(point.vectors, condition.name);
    case 'nested': {
      const value = valueAt(point.payload, condition.key);
      const elements = Array.isArray(value) ? value : [value];
      return elements.some(
        (element) =>
          typeof element === 'object' &&
          element !== null &&
          passesFilter(condition.filter, {
            ...point,
            payload: element as Record<string, unknown>,
          }),
      );
    }
    case 'filter':
      return passesFilter(condition.filter, point);
  }
}

function valueAt(payload: Readonly<Record<string, unknown>>, key: string): unknown {
  let value: unknown = payload;
  for (const part of key.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function passesField(test: FieldTest, value: unknown): boolean {
  if (value === undefined) return false;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isOneOf = (wanted: readonly MatchValue[], one: unknown): boolean =>
    wanted.some((candidate) => candidate === one);
  switch (test.kind) {
    case 'value':
      return values.includes(test.value);
    case 'any':
      return values.some((one) => isOneOf(test.values, one));
    case 'except':
      return values.some((one) => one !== null && !isOneOf(test.values, one));
    case 'text':
    case 'phrase':
      return values.some((one) => typeof one === 'string' && one.includes(test.text));
    case 'prefix':
      return values.some((one) => typeof one === 'string' && one.startsWith(test.text));
    case 'textAny':
      return values.some(
        (one) =>
          typeof one === 'string' && test.text.split(/\s+/).some((word) => one.includes(word)),
      );
    case 'range':
      return values.some(
        (one) =>
          typeof one === 'number' &&
          !(test.lt !== undefined && one >= test.lt) &&
          !(test.lte !== undefined && one > test.lte) &&
          !(test.gt !== undefined && one <= test.gt) &&
          !(test.gte !== undefined && one < test.gte),
      );
    case 'datetimeRange':
    case 'geoRadius':
    case 'geoBoundingBox':
    case 'geoPolygon':
    case 'valuesCount':
      throw new VectorDbError('INVALID_FILTER', `the memory database has no ${test.kind}`, {
        field: 'filter',
      });
  }
}
