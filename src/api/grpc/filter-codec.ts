import { VectorDbError } from '../../base/error.ts';
import { encodePointId } from '../../base/point-id.ts';
import type {
  Condition,
  FieldTest,
  Filter,
  GeoPoint,
  MatchValue,
  NumberBounds,
} from '../../index/filter/filter.ts';
import { parseKeyPath } from '../../index/payload/key-path.ts';
import type * as wire from './generated/messages.ts';
import { readPointIds } from './point-id-codec.ts';

/** Bounds on a filter, from the limits of requests. */
export interface FilterBounds {
  readonly filterConditionsMax: number;
  readonly filterDepthMax: number;
  readonly filterValuesMax: number;
  readonly idBytesMax: number;
}

/**
 * The filter that a message means; the same is refused as in a REST request.
 *
 * @param field - where it stands in the request, for errors
 * @throws {VectorDbError} INVALID_FILTER, LIMIT_EXCEEDED
 */
export function readFilter(filter: wire.Filter, field: string, bounds: FilterBounds): Filter {
  return new FilterReader(bounds).filter(filter, field, 1);
}

class FilterReader {
  readonly #bounds: FilterBounds;
  #conditions = 0;

  constructor(bounds: FilterBounds) {
    this.#bounds = bounds;
  }

  filter(message: wire.Filter, field: string, depth: number): Filter {
    const { filterDepthMax } = this.#bounds;
    if (depth > filterDepthMax) {
      throw exceeded(field, `filters nest at most ${filterDepthMax} deep`);
    }
    const { must, should, mustNot, minShould } = message;
    return {
      ...(must && { must: this.#clause(must, `${field}.must`, depth) }),
      ...(should && { should: this.#clause(should, `${field}.should`, depth) }),
      ...(mustNot && { mustNot: this.#clause(mustNot, `${field}.must_not`, depth) }),
      ...(minShould && { minShould: this.#minShould(minShould, `${field}.min_should`, depth) }),
    };
  }

  #clause(messages: readonly wire.Condition[], field: string, depth: number): Condition[] {
    return messages.map((message, i) => this.#condition(message, `${field}[${i}]`, depth));
  }

  #minShould(
    message: wire.MinShould,
    field: string,
    depth: number,
  ): NonNullable<Filter['minShould']> {
    const minCount = message.minCount ?? 0;
    if (minCount < 1) throw invalid(`${field}.min_count`, 'must be 1 or more');
    const conditions = this.#clause(message.conditions ?? [], `${field}.conditions`, depth);
    return { conditions, minCount };
  }

  #condition(message: wire.Condition, field: string, depth: number): Condition {
    this.#conditions += 1;
    const { filterConditionsMax } = this.#bounds;
    if (this.#conditions > filterConditionsMax) {
      throw exceeded(field, `a filter has at most ${filterConditionsMax} conditions`);
    }
    switch (message.kind) {
      case 'field':
        return this.#field(message.field ?? {}, `${field}.field`);
      case 'isEmpty':
        return { kind: 'isEmpty', key: readKey(message.isEmpty, `${field}.is_empty`) };
      case 'isNull':
        return { kind: 'isNull', key: readKey(message.isNull, `${field}.is_null`) };
      case 'hasId':
        return this.#hasId(message.hasId ?? {}, `${field}.has_id`);
      case 'hasVector':
        return { kind: 'hasVector', name: message.hasVector ?? '' };
      case 'nested':
        return this.#nested(message.nested ?? {}, `${field}.nested`, depth);
      case 'filter': {
        const filter = this.filter(message.filter ?? {}, `${field}.filter`, depth + 1);
        return { kind: 'filter', filter };
      }
      case undefined:
        throw invalid(field, 'a condition has exactly one kind');
    }
  }

  #hasId(message: wire.PointIds, field: string): Condition {
    const { filterValuesMax, idBytesMax } = this.#bounds;
    try {
      const ids = readPointIds(message.ids, `${field}.ids`, filterValuesMax);
      ids.forEach((id, i) => encodePointId(id, `${field}.ids[${i}]`, idBytesMax));
      return { kind: 'hasId', ids };
    } catch (thrown) {
      if (!(thrown instanceof VectorDbError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown;
      throw new VectorDbError('INVALID_FILTER', thrown.message, {
        field: thrown.field ?? field,
      });
    }
  }

  #nested(message: wire.NestedCondition, field: string, depth: number): Condition {
    const key = readKey(message.key, `${field}.key`);
    if (message.filter === undefined) throw invalid(`${field}.filter`, 'is required');
    return {
      kind: 'nested',
      key,
      filter: this.filter(message.filter, `${field}.filter`, depth + 1),
    };
  }

  #field(message: wire.FieldCondition, field: string): Condition {
    const key = readKey(message.key, `${field}.key`);
    return { kind: 'field', key, test: this.#test(message, field) };
  }

  #test(message: wire.FieldCondition, field: string): FieldTest {
    switch (message.test) {
      case 'value':
        return { kind: 'value', value: readMatchValue(message.value, `${field}.value`) };
      case 'any':
        return { kind: 'any', values: this.#values(message.any, `${field}.any`) };
      case 'except':
        return { kind: 'except', values: this.#values(message.except, `${field}.except`) };
      case 'text':
        return { kind: 'text', text: message.text ?? '' };
      case 'textAny':
        return { kind: 'textAny', text: message.textAny ?? '' };
      case 'phrase':
        return { kind: 'phrase', text: message.phrase ?? '' };
      case 'prefix':
        return { kind: 'prefix', text: message.prefix ?? '' };
      case 'range':
        return {
          kind: 'range',
          ...readBounds(message.range ?? {}, `${field}.range`, Number.isFinite),
        };
      case 'datetimeRange':
        return {
          kind: 'datetimeRange',
          ...readBounds(
            message.datetimeRange ?? {},
            `${field}.datetime_range`,
            Number.isSafeInteger,
          ),
        };
      case 'geoRadius':
        return readRadius(message.geoRadius ?? {}, `${field}.geo_radius`);
      case 'geoBoundingBox': {
        const box = message.geoBoundingBox ?? {};
        const at = `${field}.geo_bounding_box`;
        return {
          kind: 'geoBoundingBox',
          topLeft: readPlace(box.topLeft, `${at}.top_left`),
          bottomRight: readPlace(box.bottomRight, `${at}.bottom_right`),
        };
      }
      case 'geoPolygon':
        return this.#polygon(message.geoPolygon ?? {}, `${field}.geo_polygon`);
      case 'valuesCount':
        return {
          kind: 'valuesCount',
          ...readBounds(message.valuesCount ?? {}, `${field}.values_count`, isCount),
        };
      case undefined:
        throw invalid(field, 'a field condition has exactly one test');
    }
  }

  #values(message: wire.MatchValues | undefined, field: string): MatchValue[] {
    const messages = message?.values ?? [];
    this.#checkCount(messages.length, field);
    const values = messages.map((value, i) => readMatchValue(value, `${field}.values[${i}]`));
    if (new Set(messages.map((value) => value.kind)).size > 1) {
      throw invalid(field, 'its values must be of one kind');
    }
    return values;
  }

  #polygon(message: wire.GeoPolygon, field: string): FieldTest {
    const interiors = message.interiors ?? [];
    this.#checkCount(interiors.length, `${field}.interiors`);
    return {
      kind: 'geoPolygon',
      exterior: this.#line(message.exterior, `${field}.exterior`),
      interiors: interiors.map((line, i) => this.#line(line, `${field}.interiors[${i}]`)),
    };
  }

  #line(message: wire.GeoLine | undefined, field: string): GeoPoint[] {
    const messages = message?.points ?? [];
    const at = `${field}.points`;
    this.#checkCount(messages.length, at);
    if (messages.length < 4) throw invalid(at, 'a closed line has at least 4 points');
    const points = messages.map((point, i) => readPlace(point, `${at}[${i}]`));
    const [first, last] = [points[0], points.at(-1)];
    if (first?.lon !== last?.lon || first?.lat !== last?.lat) {
      throw invalid(at, 'a closed line ends with the point that it begins with');
    }
    return points;
  }

  #checkCount(count: number, field: string): void {
    const { filterValuesMax } = this.#bounds;
    if (count > filterValuesMax) {
      throw exceeded(field, `at most ${filterValuesMax} values, not ${count}`);
    }
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function readKey(key: string | undefined, field: string): string {
  if (key === undefined || key === '') throw invalid(field, 'is required');
  parseKeyPath(key, field, 'INVALID_FILTER');
  return key;
}

function readMatchValue(message: wire.MatchValue | undefined, field: string): MatchValue {
  switch (message?.kind) {
    case 'text':
      return message.text ?? '';
    case 'boolean':
      return message.boolean === true;
    case 'integer': {
      const wide = BigInt(message.integer ?? 0);
      const safe = Number(wide);
      return Number.isSafeInteger(safe) ? safe : wide;
    }
    case undefined:
      throw invalid(field, 'is required: a text, an integer or a boolean');
  }
}

function readBounds(
  message: wire.NumberBounds | wire.DatetimeBounds,
  field: string,
  isBound: (value: number) => boolean,
): NumberBounds {
  const bounds: { -readonly [Name in keyof NumberBounds]: NumberBounds[Name] } = {};
  for (const name of ['lt', 'gt', 'lte', 'gte'] as const) {
    const given = message[name];
    if (given === undefined) continue;
    const value = Number(given);
    if (!isBound(value)) throw invalid(`${field}.${name}`, `${given} is no bound`);
    bounds[name] = value;
  }
  return bounds;
}

function readRadius(message: wire.GeoRadius, field: string): FieldTest {
  const radiusMeters = message.radiusMeters ?? 0;
  if (!Number.isFinite(radiusMeters) || radiusMeters < 0) {
    throw invalid(`${field}.radius_meters`, 'must be finite and not negative');
  }
  return { kind: 'geoRadius', center: readPlace(message.center, `${field}.center`), radiusMeters };
}

function readPlace(message: wire.GeoPoint | undefined, field: string): GeoPoint {
  if (message === undefined) throw invalid(field, 'is required');
  const { lon = 0, lat = 0 } = message;
  if (!(Math.abs(lon) <= 180)) throw invalid(`${field}.lon`, 'must lie between -180 and 180');
  if (!(Math.abs(lat) <= 90)) throw invalid(`${field}.lat`, 'must lie between -90 and 90');
  return { lon, lat };
}

function invalid(field: string, why: string): VectorDbError {
  return new VectorDbError('INVALID_FILTER', `${field}: ${why}`, { field });
}

function exceeded(field: string, why: string): VectorDbError {
  return new VectorDbError('LIMIT_EXCEEDED', `${field}: ${why}`, { field });
}
