/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

import type { PointIds } from './points.ts';

export interface Filter {
  /* All of them hold. */
  readonly must?: readonly Condition[] | undefined;
  /* One or more of them hold. */
  readonly should?: readonly Condition[] | undefined;
  /* None of them holds. */
  readonly mustNot?: readonly Condition[] | undefined;
  /* So many of them hold. */
  readonly minShould?: MinShould | undefined;
}
export interface MinShould {
  readonly conditions?: readonly Condition[] | undefined;
  /* 1 or more. */
  readonly minCount?: number | undefined;
}
export interface Condition {
  /* Something about the value at a key. */
  readonly field?: FieldCondition | undefined;
  /* The key path is absent, null or an empty array. */
  readonly isEmpty?: string | undefined;
  /* The value at the key path is null. */
  readonly isNull?: string | undefined;
  /* The point has one of these ids, at most `filter_values_max`. */
  readonly hasId?: PointIds | undefined;
  /* The point has a vector of this name; "" is the unnamed one. */
  readonly hasVector?: string | undefined;
  /* A filter over each object of an array. */
  readonly nested?: NestedCondition | undefined;
  /* A filter as a condition. */
  readonly filter?: Filter | undefined;
  readonly kind?: 'field' | 'isEmpty' | 'isNull' | 'hasId' | 'hasVector' | 'nested' | 'filter' | undefined;
}
export interface NestedCondition {
  /* Required. A key path. */
  readonly key?: string | undefined;
  /* Required. Key paths in it start at the object. */
  readonly filter?: Filter | undefined;
}
export interface FieldCondition {
  /* Required. A key path such as `a.b`. */
  readonly key?: string | undefined;
  /* Equals this. */
  readonly value?: MatchValue | undefined;
  /* Equals one of these. */
  readonly any?: MatchValues | undefined;
  /* Equals none of these. */
  readonly except?: MatchValues | undefined;
  /* Contains all tokens of this text. */
  readonly text?: string | undefined;
  /* Contains one of the tokens of this text. */
  readonly textAny?: string | undefined;
  /* Contains the tokens of this text one after another. */
  readonly phrase?: string | undefined;
  /* A string that starts with this text. */
  readonly prefix?: string | undefined;
  /* A number within bounds. */
  readonly range?: NumberBounds | undefined;
  /* A date within bounds. */
  readonly datetimeRange?: DatetimeBounds | undefined;
  /* A place within a circle. */
  readonly geoRadius?: GeoRadius | undefined;
  /* A place within a box. */
  readonly geoBoundingBox?: GeoBoundingBox | undefined;
  /* A place within a polygon. */
  readonly geoPolygon?: GeoPolygon | undefined;
  /* The number of values at the key is within bounds. */
  readonly valuesCount?: NumberBounds | undefined;
  readonly test?: 'value' | 'any' | 'except' | 'text' | 'textAny' | 'phrase' | 'prefix' | 'range' | 'datetimeRange' | 'geoRadius' | 'geoBoundingBox' | 'geoPolygon' | 'valuesCount' | undefined;
}
export interface MatchValue {
  readonly text?: string | undefined;
  readonly integer?: string | number | undefined;
  readonly boolean?: boolean | undefined;
  readonly kind?: 'text' | 'integer' | 'boolean' | undefined;
}
export interface MatchValues {
  readonly values?: readonly MatchValue[] | undefined;
}
export interface NumberBounds {
  readonly lt?: number | undefined;
  readonly gt?: number | undefined;
  readonly lte?: number | undefined;
  readonly gte?: number | undefined;
}
export interface DatetimeBounds {
  readonly lt?: string | number | undefined;
  readonly gt?: string | number | undefined;
  readonly lte?: string | number | undefined;
  readonly gte?: string | number | undefined;
}
export interface GeoPoint {
  /* Degrees, -180 to 180. */
  readonly lon?: number | undefined;
  /* Degrees, -90 to 90. */
  readonly lat?: number | undefined;
}
export interface GeoRadius {
  /* Required. */
  readonly center?: GeoPoint | undefined;
  /* 0 or more, finite. */
  readonly radiusMeters?: number | undefined;
}
export interface GeoBoundingBox {
  /* Required. The north-western corner. */
  readonly topLeft?: GeoPoint | undefined;
  /* Required. The south-eastern corner. */
  readonly bottomRight?: GeoPoint | undefined;
}
export interface GeoLine {
  readonly points?: readonly GeoPoint[] | undefined;
}
export interface GeoPolygon {
  /* Required. */
  readonly exterior?: GeoLine | undefined;
  /* The holes. */
  readonly interiors?: readonly GeoLine[] | undefined;
}
