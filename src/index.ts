/** The package: the embedded database and the types of its operations. */
export { Grape, type GrapeOptions } from './server/grape.ts';
export { VectorDbError } from './base/error.ts';
export { ERROR_CODES, type ErrorCode } from './base/error-codes.ts';
export type { PointId } from './base/point-id.ts';
export { DEFAULT_LIMITS, type Limits } from './database/limits.ts';
export type * from './database/vector-database.ts';
export type {
  Condition,
  FieldTest,
  Filter,
  GeoPoint,
  MatchValue,
  NumberBounds,
} from './index/filter/filter.ts';
export type {
  CollectionSchema,
  PayloadIndexSchema,
  VectorSchema,
} from './index/collection-schema.ts';
export { parseFilter } from './index/filter/filter-parser.ts';
export { jsonOf, payloadOf } from './storage/payload-object.ts';
