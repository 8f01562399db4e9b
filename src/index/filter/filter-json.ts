import { formatDatetime } from './datetime.ts';
import type { Condition, FieldTest, Filter, GeoPoint, NumberBounds } from './filter.ts';

/** A value that `JSON.stringify` takes, but for `bigint`s. */
export type FilterJson = { readonly [name: string]: unknown };

/** A filter as the JSON that a request carries it in: what parses to the same filter. Integers beyond the safe ones are `bigint`s. */
export function filterToJson(filter: Filter): FilterJson {
  return {
    ...(filter.must === undefined ? {} : { must: filter.must.map(conditionToJson) }),
    ...(filter.should === undefined ? {} : { should: filter.should.map(conditionToJson) }),
    ...(filter.mustNot === undefined ? {} : { must_not: filter.mustNot.map(conditionToJson) }),
    ...(filter.minShould === undefined
      ? {}
      : {
          min_should: {
            conditions: filter.minShould.conditions.map(conditionToJson),
            min_count: filter.minShould.minCount,
          },
        }),
  };
}

function conditionToJson(condition: Condition): FilterJson {
  switch (condition.kind) {
    case 'field':
      return { key: condition.key, ...testToJson(condition.test) };
    case 'isEmpty':
      return { is_empty: { key: condition.key } };
    case 'isNull':
      return { is_null: { key: condition.key } };
    case 'hasId':
      return { has_id: condition.ids };
    case 'hasVector':
      return { has_vector: condition.name };
    case 'nested':
      return { nested: { key: condition.key, filter: filterToJson(condition.filter) } };
    case 'filter':
      return filterToJson(condition.filter);
  }
}

function testToJson(test: FieldTest): FilterJson {
  switch (test.kind) {
    case 'value':
      return { match: { value: test.value } };
    case 'any':
    case 'except':
      return { match: { [test.kind]: test.values } };
    case 'textAny':
      return { match: { text_any: test.text } };
    case 'text':
    case 'phrase':
    case 'prefix':
      return { match: { [test.kind]: test.text } };
    case 'range':
      return { range: boundsToJson(test, (bound) => bound) };
    case 'datetimeRange':
      return { range: boundsToJson(test, formatDatetime) };
    case 'valuesCount':
      return { values_count: boundsToJson(test, (bound) => bound) };
    case 'geoRadius':
      return { geo_radius: { center: pointToJson(test.center), radius: test.radiusMeters } };
    case 'geoBoundingBox':
      return {
        geo_bounding_box: {
          top_left: pointToJson(test.topLeft),
          bottom_right: pointToJson(test.bottomRight),
        },
      };
    case 'geoPolygon':
      return {
        geo_polygon: {
          exterior: { points: test.exterior.map(pointToJson) },
          interiors: test.interiors.map((ring) => ({ points: ring.map(pointToJson) })),
        },
      };
  }
}

function boundsToJson(bounds: NumberBounds, write: (bound: number) => unknown): FilterJson {
  return {
    ...(bounds.lt === undefined ? {} : { lt: write(bounds.lt) }),
    ...(bounds.gt === undefined ? {} : { gt: write(bounds.gt) }),
    ...(bounds.lte === undefined ? {} : { lte: write(bounds.lte) }),
    ...(bounds.gte === undefined ? {} : { gte: write(bounds.gte) }),
  };
}

const pointToJson = ({ lon, lat }: GeoPoint): FilterJson => ({ lon, lat });
