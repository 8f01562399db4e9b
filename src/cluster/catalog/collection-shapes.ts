import {
  type CollectionSchema,
  PAYLOAD_INDEX_KINDS,
  type PayloadIndexSchema,
  QUANTIZATIONS,
  TOKENIZERS,
  type VectorSchema,
} from '../../index/collection-schema.ts';
import { DISTANCES } from '../../index/distance.ts';
import type { AliasChange, CatalogCommand } from '../../sharding/catalog-command.ts';
import type { CatalogState } from '../../sharding/catalog-state.ts';
import {
  fields,
  flag,
  integer,
  kinds,
  list,
  oneOf,
  optional,
  text,
  type WireShape,
} from '../call/wire-shape.ts';
import { keyed, ordered, record } from './ordered-shapes.ts';

const vector = fields<VectorSchema>({
  dimension: integer,
  distance: oneOf(...DISTANCES),
  quantization: oneOf(...QUANTIZATIONS),
  m: integer,
  efConstruction: integer,
  efSearch: integer,
});

const payloadIndex = fields<PayloadIndexSchema>({
  kind: oneOf(...PAYLOAD_INDEX_KINDS),
  tokenizer: optional(oneOf(...TOKENIZERS)),
  lowercase: optional(flag),
  minTokenLength: optional(integer),
  maxTokenLength: optional(integer),
});

const schema = fields<CollectionSchema>({
  number: integer,
  name: text,
  vectors: record(vector),
  payloadIndexes: record(payloadIndex),
});

const aliasChange = kinds<AliasChange>({
  create: fields({ alias: text, collection: text }),
  delete: fields({ alias: text }),
  rename: fields({ alias: text, newAlias: text }),
});

/** A command about collections and aliases. */
export const catalogCommand: WireShape<CatalogCommand> = kinds<CatalogCommand>({
  createCollection: fields({ name: text, vectors: record(vector) }),
  dropCollection: fields({ name: text }),
  forgetCollection: fields({ number: integer }),
  updateAliases: fields({ changes: list(aliasChange) }),
  createPayloadIndex: fields({ collection: text, field: text, schema: payloadIndex }),
  dropPayloadIndex: fields({ collection: text, field: text }),
});

/** All collections and aliases. */
export const catalogState: WireShape<CatalogState> = fields<CatalogState>({
  version: integer,
  nextNumber: integer,
  collections: keyed(schema, ({ name }) => name),
  aliases: ordered(text, text),
  dropping: keyed(schema, ({ number }) => number),
});
