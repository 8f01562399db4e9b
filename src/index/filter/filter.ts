import type { PointId } from '../../base/point-id.ts';

/**
 * What points a search, scroll, count, deletion or payload change is about: a tree. All four clauses hold together; an absent clause always
 * holds, and so does an empty `should`.
 */
export interface Filter {
  readonly must?: readonly Condition[];
  readonly should?: readonly Condition[];
  readonly mustNot?: readonly Condition[];
  readonly minShould?: { readonly conditions: readonly Condition[]; readonly minCount: number };
}

/** One thing that is asked of a point. */
export type Condition =
  | { readonly kind: 'field'; readonly key: string; readonly test: FieldTest }
  | { readonly kind: 'isEmpty'; readonly key: string }
  | { readonly kind: 'isNull'; readonly key: string }
  | { readonly kind: 'hasId'; readonly ids: readonly PointId[] }
  | { readonly kind: 'hasVector'; readonly name: string }
  | { readonly kind: 'nested'; readonly key: string; readonly filter: Filter }
  | { readonly kind: 'filter'; readonly filter: Filter };

/** What is asked of one value at a key; of an array, it is asked of each element, and one that passes is enough. */
export type FieldTest =
  | { readonly kind: 'value'; readonly value: MatchValue }
  | { readonly kind: 'any'; readonly values: readonly MatchValue[] }
  | { readonly kind: 'except'; readonly values: readonly MatchValue[] }
  | { readonly kind: 'text' | 'textAny' | 'phrase' | 'prefix'; readonly text: string }
  | ({ readonly kind: 'range' } & NumberBounds)
  /** Bounds in microseconds since 1970-01-01 UTC. */
  | ({ readonly kind: 'datetimeRange' } & NumberBounds)
  | { readonly kind: 'geoRadius'; readonly center: GeoPoint; readonly radiusMeters: number }
  | { readonly kind: 'geoBoundingBox'; readonly topLeft: GeoPoint; readonly bottomRight: GeoPoint }
  | {
      readonly kind: 'geoPolygon';
      readonly exterior: readonly GeoPoint[];
      readonly interiors: readonly (readonly GeoPoint[])[];
    }
  | ({ readonly kind: 'valuesCount' } & NumberBounds);

/** Compared by type and value: the integer 1 is neither `true` nor `"1"`. A `bigint` is an integer beyond the safe ones. */
export type MatchValue = string | number | bigint | boolean;

/** An interval; what is absent does not bound. */
export interface NumberBounds {
  readonly lt?: number;
  readonly gt?: number;
  readonly lte?: number;
  readonly gte?: number;
}

/** A place, in degrees. */
export interface GeoPoint {
  /** Degrees, -180 to 180. */
  readonly lon: number;
  /** Degrees, -90 to 90. */
  readonly lat: number;
}
