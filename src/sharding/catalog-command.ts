import type { PayloadIndexSchema, VectorSchema } from '../index/collection-schema.ts';

/** One change of the aliases. */
export type AliasChange =
  | { readonly kind: 'create'; readonly alias: string; readonly collection: string }
  | { readonly kind: 'delete'; readonly alias: string }
  | { readonly kind: 'rename'; readonly alias: string; readonly newAlias: string };

/**
 * A change of the catalog. Names and parameters were checked before; what depends on the catalog's state is decided when the command is applied. Names of
 * collections may be aliases where a command is about a payload index only.
 */
export type CatalogCommand =
  | {
      readonly kind: 'createCollection';
      readonly name: string;
      /** By vector name; `""` is the unnamed one. */
      readonly vectors: Readonly<Record<string, VectorSchema>>;
    }
  /** The collection's points are still to be swept; its aliases go at once. */
  | { readonly kind: 'dropCollection'; readonly name: string }
  /** The points of a dropped collection are gone. */
  | { readonly kind: 'forgetCollection'; readonly number: number }
  /** In order; all or none. An alias that exists is moved by `create`. */
  | { readonly kind: 'updateAliases'; readonly changes: readonly AliasChange[] }
  | {
      readonly kind: 'createPayloadIndex';
      readonly collection: string;
      readonly field: string;
      readonly schema: PayloadIndexSchema;
    }
  | {
      readonly kind: 'dropPayloadIndex';
      readonly collection: string;
      readonly field: string;
    };
