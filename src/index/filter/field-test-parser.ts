import { parseDatetime } from './datetime.ts';
import type { FieldTest, GeoPoint, MatchValue, NumberBounds } from './filter.ts';
import { JsonFields } from './json-fields.ts';

/** What `is_empty` and `is_null` inside a field condition ask. */
export type PresenceTest = 'empty' | 'notEmpty' | 'null' | 'notNull';

const BOUNDS = ['lt', 'gt', 'lte', 'gte'] as const;
const MATCHES = ['value', 'any', 'except', 'text', 'text_any', 'phrase', 'prefix'] as const;
const I64_MIN = -0x8000_0000_0000_0000n;
const I64_MAX = 0x7fff_ffff_ffff_ffffn;
const TESTS = [
  'match',
  'range',
  'geo_bounding_box',
  'geo_radius',
  'geo_polygon',
  'values_count',
  'is_empty',
  'is_null',
] as const;

/**
 * The tests of a field condition, at least one.
 *
 * @param valuesMax - values of one `any` or `except`, points of one polygon's ring
 * @throws {VectorDbError} INVALID_FILTER or LIMIT_EXCEEDED
 */
export function parseFieldTests(
  fields: JsonFields,
  valuesMax: number,
): (FieldTest | PresenceTest)[] {
  fields.allow(['key', ...TESTS]);
  const tests: (FieldTest | PresenceTest)[] = [];
  if (fields.has('match')) tests.push(parseMatch(fields.object('match'), valuesMax));
  if (fields.has('range')) tests.push(parseRange(fields.object('range')));
  if (fields.has('geo_bounding_box')) tests.push(parseBox(fields.object('geo_bounding_box')));
  if (fields.has('geo_radius')) tests.push(parseRadius(fields.object('geo_radius')));
  if (fields.has('geo_polygon')) tests.push(parsePolygon(fields.object('geo_polygon'), valuesMax));
  if (fields.has('values_count')) {
    const bounds = fields.object('values_count');
    tests.push({ kind: 'valuesCount', ...parseBounds(bounds, (name) => bounds.integer(name, 0)) });
  }
  if (fields.has('is_empty')) tests.push(fields.boolean('is_empty') ? 'empty' : 'notEmpty');
  if (fields.has('is_null')) tests.push(fields.boolean('is_null') ? 'null' : 'notNull');
  if (tests.length === 0) throw fields.invalid(`it needs one of ${TESTS.join(', ')}`);
  return tests;
}

function parseMatch(fields: JsonFields, valuesMax: number): FieldTest {
  fields.allow(MATCHES);
  const [name, ...others] = fields.names() as (typeof MATCHES)[number][];
  if (name === undefined || others.length > 0) {
    throw fields.invalid(`it needs exactly one of ${MATCHES.join(', ')}`);
  }
  switch (name) {
    case 'value':
      return { kind: 'value', value: parseMatchValue(fields, name, fields.get(name)) };
    case 'any':
    case 'except': {
      const values = fields.array(name, valuesMax);
      const parsed = values.map((value, i) => parseMatchValue(fields, `${name}[${i}]`, value));
      if (new Set(parsed.map(typeName)).size > 1) {
        throw fields.invalid('its values must be of one type', name);
      }
      return { kind: name, values: parsed };
    }
    case 'text_any':
      return { kind: 'textAny', text: fields.string(name) };
    case 'text':
    case 'phrase':
    case 'prefix':
      return { kind: name, text: fields.string(name) };
  }
}

const typeName = (value: MatchValue): string =>
  typeof value === 'bigint' ? 'number' : typeof value;

function parseMatchValue(fields: JsonFields, name: string, value: unknown): MatchValue {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint' && value >= I64_MIN && value <= I64_MAX) {
    const safe = Number(value);
    return Number.isSafeInteger(safe) ? safe : value;
  }
  throw fields.invalid(
    'it must be a string, a boolean or a 64-bit integer; for other numbers there is range',
    name,
  );
}

function parseRange(fields: JsonFields): FieldTest {
  fields.allow(BOUNDS);
  const names = fields.names();
  const dates = names.filter((name) => typeof fields.get(name) === 'string');
  if (dates.length === 0) {
    return { kind: 'range', ...parseBounds(fields, (name) => fields.number(name)) };
  }
  if (dates.length < names.length) {
    throw fields.invalid('its bounds must be all numbers or all dates');
  }
  return {
    kind: 'datetimeRange',
    ...parseBounds(fields, (name) => {
      const text = fields.string(name);
      const micros = parseDatetime(text);
      if (micros !== undefined) return micros;
      const why = `${JSON.stringify(text)} does not match accepted datetime format (RFC3339)`;
      throw fields.invalid(why, name);
    }),
  };
}

function parseBounds(fields: JsonFields, read: (name: string) => number): NumberBounds {
  fields.allow(BOUNDS);
  const bounds: { [name in (typeof BOUNDS)[number]]?: number } = {};
  for (const name of BOUNDS) if (fields.has(name)) bounds[name] = read(name);
  return bounds;
}

function parsePoint(fields: JsonFields): GeoPoint {
  fields.allow(['lon', 'lat']);
  const lon = fields.number('lon');
  const lat = fields.number('lat');
  if (Math.abs(lon) > 180) throw fields.invalid('it must lie between -180 and 180', 'lon');
  if (Math.abs(lat) > 90) throw fields.invalid('it must lie between -90 and 90', 'lat');
  return { lon, lat };
}

function parseRadius(fields: JsonFields): FieldTest {
  fields.allow(['center', 'radius']);
  const center = parsePoint(fields.object('center'));
  const radiusMeters = fields.number('radius');
  if (radiusMeters < 0) throw fields.invalid('it must not be negative', 'radius');
  return { kind: 'geoRadius', center, radiusMeters };
}

function parseBox(fields: JsonFields): FieldTest {
  fields.allow(['top_left', 'bottom_right']);
  const topLeft = parsePoint(fields.object('top_left'));
  const bottomRight = parsePoint(fields.object('bottom_right'));
  return { kind: 'geoBoundingBox', topLeft, bottomRight };
}

function parsePolygon(fields: JsonFields, pointsMax: number): FieldTest {
  fields.allow(['exterior', 'interiors']);
  const exterior = parseRing(fields.object('exterior'), pointsMax);
  const interiors = fields.has('interiors') ? fields.array('interiors', pointsMax) : [];
  return {
    kind: 'geoPolygon',
    exterior,
    interiors: interiors.map((ring, i) =>
      parseRing(JsonFields.of(ring, fields.path(`interiors[${i}]`)), pointsMax),
    ),
  };
}

function parseRing(fields: JsonFields, pointsMax: number): GeoPoint[] {
  fields.allow(['points']);
  const ring = fields
    .array('points', pointsMax)
    .map((point, i) => parsePoint(JsonFields.of(point, fields.path(`points[${i}]`))));
  const first = ring[0];
  const last = ring.at(-1);
  if (ring.length < 4) throw fields.invalid('a ring has at least 4 points', 'points');
  if (first?.lon !== last?.lon || first?.lat !== last?.lat) {
    throw fields.invalid('a ring ends with the point that it begins with', 'points');
  }
  return ring;
}
