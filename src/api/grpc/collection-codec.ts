import type { Limits } from '../../database/limits.ts';
import type {
  AliasAction,
  CollectionDescription,
  CreateCollection,
  VectorConfig,
} from '../../database/vector-database.ts';
import type {
  PayloadIndexKind,
  PayloadIndexSchema,
  Quantization,
  Tokenizer,
  VectorSchema,
} from '../../index/collection-schema.ts';
import type { Distance } from '../../index/distance.ts';
import { checkAtMost, checkCount, checkName, invalidField } from '../request-checks.ts';
import type * as wire from './generated/messages.ts';

const DISTANCE_NAMES = {
  cosine: 'DISTANCE_COSINE',
  dot: 'DISTANCE_DOT',
  euclid: 'DISTANCE_EUCLID',
  manhattan: 'DISTANCE_MANHATTAN',
} as const satisfies Record<Distance, wire.Distance>;

const QUANTIZATION_NAMES = {
  binary: 'QUANTIZATION_BINARY',
  int8: 'QUANTIZATION_INT8',
  float16: 'QUANTIZATION_FLOAT16',
  none: 'QUANTIZATION_NONE',
} as const satisfies Record<Quantization, wire.Quantization>;

const INDEX_KIND_NAMES = {
  keyword: 'PAYLOAD_INDEX_KIND_KEYWORD',
  integer: 'PAYLOAD_INDEX_KIND_INTEGER',
  float: 'PAYLOAD_INDEX_KIND_FLOAT',
  bool: 'PAYLOAD_INDEX_KIND_BOOL',
  datetime: 'PAYLOAD_INDEX_KIND_DATETIME',
  geo: 'PAYLOAD_INDEX_KIND_GEO',
  text: 'PAYLOAD_INDEX_KIND_TEXT',
  uuid: 'PAYLOAD_INDEX_KIND_UUID',
} as const satisfies Record<PayloadIndexKind, wire.PayloadIndexKind>;

const TOKENIZER_NAMES = {
  word: 'TOKENIZER_WORD',
  whitespace: 'TOKENIZER_WHITESPACE',
  prefix: 'TOKENIZER_PREFIX',
  multilingual: 'TOKENIZER_MULTILINGUAL',
} as const satisfies Record<Tokenizer, wire.Tokenizer>;

const LINKS = { min: 2, max: 256 } as const;
const TOKEN_LENGTH_MAX = 255;

/** The key whose wire name is `name`: undefined for `UNSPECIFIED` and absent, an error for what is not known. */
function keyOf<Key extends string>(
  names: Readonly<Record<Key, string>>,
  name: string | number | undefined,
  field: string,
): Key | undefined {
  if (name === undefined || (typeof name === 'string' && name.endsWith('_UNSPECIFIED'))) {
    return undefined;
  }
  for (const key of Object.keys(names) as Key[]) if (names[key] === name) return key;
  throw invalidField(field, `there is no value ${name}`);
}

/** @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED */
export function readCreateCollection(
  message: wire.CreateCollectionRequest,
  limits: Limits,
): CreateCollection {
  const name = message.name ?? '';
  checkName(name, 'name', limits.nameBytesMax);
  const named = Object.entries(message.vectors ?? {});
  const vectors = named.map(([vectorName, config]) => {
    if (vectorName !== '') checkName(vectorName, 'vectors', limits.nameBytesMax);
    return [vectorName, readVectorConfig(config, `vectors.${vectorName}`, limits)] as const;
  });
  if (message.vector !== undefined) {
    if (named.some(([vectorName]) => vectorName === '')) {
      throw invalidField('vector', 'is given here and in vectors');
    }
    vectors.push(['', readVectorConfig(message.vector, 'vector', limits)]);
  }
  if (vectors.length === 0) throw invalidField('vector', 'a collection has at least one vector');
  checkAtMost(vectors.length, limits.vectorsPerCollectionMax, 'vectors');
  return { name, vectors: Object.fromEntries(vectors) };
}

function readVectorConfig(message: wire.VectorConfig, field: string, limits: Limits): VectorConfig {
  const { dimension = 0, m, efConstruction, efSearch } = message;
  checkCount(dimension, 1, limits.dimensionMax, `${field}.dimension`);
  const distance = keyOf(DISTANCE_NAMES, message.distance, `${field}.distance`);
  if (distance === undefined) throw invalidField(`${field}.distance`, 'is required');
  const quantization = keyOf(QUANTIZATION_NAMES, message.quantization, `${field}.quantization`);
  if (m !== undefined) checkCount(m, LINKS.min, LINKS.max, `${field}.m`);
  if (efConstruction !== undefined) {
    checkCount(efConstruction, 1, limits.efMax, `${field}.ef_construction`);
  }
  if (efSearch !== undefined) checkCount(efSearch, 1, limits.efMax, `${field}.ef_search`);
  return {
    dimension,
    distance,
    ...(quantization && { quantization }),
    ...(m === undefined ? {} : { m }),
    ...(efConstruction === undefined ? {} : { efConstruction }),
    ...(efSearch === undefined ? {} : { efSearch }),
  };
}

/** @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED */
export function readAliasActions(
  messages: readonly wire.AliasAction[] | undefined,
  limits: Limits,
): AliasAction[] {
  if (messages === undefined || messages.length === 0) throw invalidField('actions', 'is empty');
  checkAtMost(messages.length, limits.collectionsMax, 'actions');
  return messages.map((message, i) => readAliasAction(message, `actions[${i}]`, limits));
}

function readAliasAction(message: wire.AliasAction, at: string, limits: Limits): AliasAction {
  const name = (value: string | undefined, field: string): string => {
    checkName(value ?? '', `${at}.${field}`, limits.nameBytesMax);
    return value ?? '';
  };
  switch (message.kind) {
    case 'create':
      return {
        kind: 'create',
        alias: name(message.create?.alias, 'create.alias'),
        collection: name(message.create?.collection, 'create.collection'),
      };
    case 'delete':
      return { kind: 'delete', alias: name(message.delete?.alias, 'delete.alias') };
    case 'rename':
      return {
        kind: 'rename',
        alias: name(message.rename?.alias, 'rename.alias'),
        newAlias: name(message.rename?.newAlias, 'rename.new_alias'),
      };
    case undefined:
      throw invalidField(at, 'has one of create, delete and rename');
  }
}

/** @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED */
export function readPayloadIndex(message: wire.PayloadIndex | undefined): PayloadIndexSchema {
  if (message === undefined) throw invalidField('index', 'is required');
  const kind = keyOf(INDEX_KIND_NAMES, message.kind, 'index.kind');
  if (kind === undefined) throw invalidField('index.kind', 'is required');
  const tokenizer = keyOf(TOKENIZER_NAMES, message.tokenizer, 'index.tokenizer');
  const { lowercase, minTokenLength: min, maxTokenLength: max } = message;
  if (min !== undefined) checkCount(min, 1, TOKEN_LENGTH_MAX, 'index.min_token_length');
  if (max !== undefined) checkCount(max, min ?? 1, TOKEN_LENGTH_MAX, 'index.max_token_length');
  if (kind !== 'text' && [tokenizer, lowercase, min, max].some((value) => value !== undefined)) {
    throw invalidField('index.kind', 'how text is cut is of text indexes only');
  }
  return {
    kind,
    ...(tokenizer && { tokenizer }),
    ...(lowercase === undefined ? {} : { lowercase }),
    ...(min === undefined ? {} : { minTokenLength: min }),
    ...(max === undefined ? {} : { maxTokenLength: max }),
  };
}

/** A collection's schema and state as a message. */
export function writeDescription(description: CollectionDescription): wire.CollectionDescription {
  const { schema, aliases, state, points, segments } = description;
  return {
    name: schema.name,
    number: schema.number,
    vectors: mapValues(schema.vectors, writeVectorSchema),
    payloadIndexes: mapValues(schema.payloadIndexes, writePayloadIndex),
    aliases,
    state: state === 'ready' ? 'COLLECTION_STATE_READY' : 'COLLECTION_STATE_BUILDING',
    points,
    segments: segments.map((segment) => ({
      ...segment,
      kind: segment.kind === 'growing' ? 'SEGMENT_KIND_GROWING' : 'SEGMENT_KIND_SEALED',
    })),
  };
}

function writeVectorSchema(schema: VectorSchema): wire.VectorConfig {
  return {
    ...schema,
    distance: DISTANCE_NAMES[schema.distance],
    quantization: QUANTIZATION_NAMES[schema.quantization],
  };
}

function writePayloadIndex(schema: PayloadIndexSchema): wire.PayloadIndex {
  return {
    ...schema,
    kind: INDEX_KIND_NAMES[schema.kind],
    tokenizer: schema.tokenizer && TOKENIZER_NAMES[schema.tokenizer],
  };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
