import { type Static, Type } from 'typebox';
import { CLUSTER_SECTION } from './section/cluster-section.ts';
import { INDEX_SECTION } from './section/index-section.ts';
import { LIMITS_SECTION } from './section/limits-section.ts';
import { MONITORING_SECTION } from './section/monitoring-section.ts';
import { RAFT_SECTION } from './section/raft-section.ts';
import { SERVER_SECTION } from './section/server-section.ts';
import { SHARDING_SECTION } from './section/sharding-section.ts';
import { STORAGE_SECTION } from './section/storage-section.ts';
import { VECTOR_SECTION } from './section/vector-section.ts';

/** Every setting there is: types, defaults, ranges and documentation come from here and from nowhere else. */
export const CONFIG_SCHEMA = Type.Object({
  server: SERVER_SECTION,
  cluster: CLUSTER_SECTION,
  raft: RAFT_SECTION,
  sharding: SHARDING_SECTION,
  vector: VECTOR_SECTION,
  storage: STORAGE_SECTION,
  index: INDEX_SECTION,
  limits: LIMITS_SECTION,
  monitoring: MONITORING_SECTION,
});

/** A `T` whose objects and arrays, at every depth, are not to be changed. */
export type DeepReadonly<T> = T extends object
  ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
  : T;

/** The settings of a node, frozen at every depth; what was automatic (host, threads, memory limit) has its value. */
export type Config = DeepReadonly<Static<typeof CONFIG_SCHEMA>>;
/** The sections, as written in a configuration file. */
export type ConfigSection = keyof Config;
