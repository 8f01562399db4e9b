import type {
  Condition,
  FieldTest,
  Filter,
  GeoPoint,
  MatchValue,
} from '../../index/filter/filter.ts';
import type { FilterMessage } from './grape-messages.ts';
import { idMessage } from './point-message.ts';

/** A filter as the message that the server takes. */
export function filterMessage(filter: Filter): FilterMessage {
  return {
    must: (filter.must ?? []).map(conditionMessage),
    should: (filter.should ?? []).map(conditionMessage),
    mustNot: (filter.mustNot ?? []).map(conditionMessage),
    ...(filter.minShould === undefined
      ? {}
      : {
          minShould: {
            conditions: filter.minShould.conditions.map(conditionMessage),
            minCount: filter.minShould.minCount,
          },
        }),
  };
}

function conditionMessage(condition: Condition): FilterMessage {
  switch (condition.kind) {
    case 'field':
      return { field: { key: condition.key, ...testMessage(condition.test) } };
    case 'isEmpty':
    case 'isNull':
      return { [condition.kind]: condition.key };
    case 'hasId':
      return { hasId: { ids: condition.ids.map(idMessage) } };
    case 'hasVector':
      return { hasVector: condition.name };
    case 'nested':
      return { nested: { key: condition.key, filter: filterMessage(condition.filter) } };
    case 'filter':
      return { filter: filterMessage(condition.filter) };
  }
}

function testMessage(test: FieldTest): FilterMessage {
  switch (test.kind) {
    case 'value':
      return { value: valueMessage(test.value) };
    case 'any':
    case 'except':
      return { [test.kind]: { values: test.values.map(valueMessage) } };
    case 'text':
    case 'textAny':
    case 'phrase':
    case 'prefix':
      return { [test.kind]: test.text };
    case 'range':
    case 'datetimeRange':
    case 'valuesCount': {
      const { kind, ...bounds } = test;
      return { [kind]: kind === 'datetimeRange' ? textBounds(bounds) : bounds };
    }
    case 'geoRadius':
      return { geoRadius: { center: test.center, radiusMeters: test.radiusMeters } };
    case 'geoBoundingBox':
      return { geoBoundingBox: { topLeft: test.topLeft, bottomRight: test.bottomRight } };
    case 'geoPolygon':
      return {
        geoPolygon: { exterior: line(test.exterior), interiors: test.interiors.map(line) },
      };
  }
}

const line = (points: readonly GeoPoint[]): FilterMessage => ({ points });

/** 64-bit numbers travel as decimal text; a `number` in exponent form would be none. */
function textBounds(bounds: object): FilterMessage {
  return Object.fromEntries(
    Object.entries(bounds as Record<string, number>).map(([name, value]) => [
      name,
      BigInt(Math.round(value)).toString(),
    ]),
  );
}

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

function valueMessage(value: MatchValue): FilterMessage {
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'boolean') return { boolean: value };
  const integer = BigInt(value);
  return integer > INT64_MAX
    ? { unsignedInteger: integer.toString() }
    : { integer: integer.toString() };
}
