/* Made from proto/grape/v1/grape.proto by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */

export type * from './points.ts';
export type * from './filters.ts';
export type * from './collections.ts';
export type * from './cluster.ts';
export type * from './node.ts';
