import { VectorDbError } from '../../../base/error.ts';
import type { Limits } from '../../../database/limits.ts';
import type {
  AliasAction,
  CollectionDescription,
  VectorConfig,
} from '../../../database/vector-database.ts';
import type { PayloadIndexSchema, VectorSchema } from '../../../index/collection-schema.ts';
import { collectionAnswers, collectionSchemas } from '../../schemas/collection-schemas.ts';
import { json, operation } from '../operation.ts';
import type { Operation } from '../operation.ts';
import { checkedName } from '../request-fields.ts';

const tag = 'collections';
const nameParams = { name: 'The collection.' };
const indexParams = { ...nameParams, field: 'The key path that is indexed, as `a.b`.' };
const OK = { status: 'ok' };

/** Operations on collections, their payload indexes and aliases. */
export function collectionAdmin(limits: Limits): readonly Operation[] {
  return [
    listCollections(),
    createCollection(limits),
    ...collectionByName(limits),
    ...payloadIndexes(limits),
    ...aliases(limits),
  ];
}

const collectionUrl = '/admin/collections/:name';

function listCollections(): Operation {
  return operation({
    id: 'listCollections',
    method: 'GET',
    url: '/admin/collections',
    access: 'read',
    tag,
    summary: 'All collections',
    answers: { 200: collectionAnswers.list },
    async handle(_request, { database }) {
      const described = await database.listCollections();
      return json({ collections: described.map(describe) });
    },
  });
}

function createCollection(limits: Limits): Operation {
  return operation({
    id: 'createCollection',
    method: 'PUT',
    url: collectionUrl,
    access: 'write',
    tag,
    summary: 'Make a collection',
    params: nameParams,
    body: collectionSchemas(limits).create,
    answers: { 201: collectionAnswers.description },
    async handle({ body, params }, { database }) {
      const name = checkedName(params['name'] as string, 'name', limits);
      await database.createCollection({ name, vectors: vectorConfigs(body, limits) });
      return json(describe(await database.describeCollection(name)), 201);
    },
  });
}

function collectionByName(limits: Limits): readonly Operation[] {
  const url = collectionUrl;
  return [
    operation({
      id: 'describeCollection',
      method: 'GET',
      url,
      access: 'read',
      tag,
      summary: 'A collection, its settings and state',
      params: nameParams,
      answers: { 200: collectionAnswers.description },
      async handle({ params }, { database }) {
        const name = checkedName(params['name'] as string, 'name', limits);
        return json(describe(await database.describeCollection(name)));
      },
    }),
    operation({
      id: 'dropCollection',
      method: 'DELETE',
      url,
      access: 'write',
      tag,
      summary: 'Drop a collection and all that is in it',
      params: nameParams,
      answers: { 200: collectionAnswers.deleted },
      async handle({ params }, { database }) {
        const name = checkedName(params['name'] as string, 'name', limits);
        return json({ deleted: await database.dropCollection(name) });
      },
    }),
    operation({
      id: 'optimizeCollection',
      method: 'POST',
      url: `${url}/optimize`,
      access: 'write',
      tag,
      summary: 'Merge segments now instead of later',
      params: nameParams,
      body: collectionSchemas(limits).nothing,
      bodyOptional: true,
      answers: { 200: collectionAnswers.ok },
      async handle({ params, signal }, { database }) {
        await database.optimizeCollection(
          checkedName(params['name'] as string, 'name', limits),
          signal,
        );
        return json(OK);
      },
    }),
  ];
}

function payloadIndexes(limits: Limits): readonly Operation[] {
  const url = `${collectionUrl}/indexes/:field`;
  return [
    operation({
      id: 'createPayloadIndex',
      method: 'PUT',
      url,
      access: 'write',
      tag,
      summary: 'Index a field of the payloads; answers when searches use the index',
      params: indexParams,
      body: collectionSchemas(limits).payloadIndex,
      answers: { 200: collectionAnswers.ok },
      async handle({ body, params }, { database }) {
        const name = checkedName(params['name'] as string, 'name', limits);
        const field = checkedName(params['field'] as string, 'field', limits);
        await database.createPayloadIndex(name, field, indexSchema(body));
        return json(OK);
      },
    }),
    operation({
      id: 'dropPayloadIndex',
      method: 'DELETE',
      url,
      access: 'write',
      tag,
      summary: 'Drop the index of a field',
      params: indexParams,
      answers: { 200: collectionAnswers.deleted },
      async handle({ params }, { database }) {
        const name = checkedName(params['name'] as string, 'name', limits);
        const field = checkedName(params['field'] as string, 'field', limits);
        return json({ deleted: await database.dropPayloadIndex(name, field) });
      },
    }),
  ];
}

function aliases(limits: Limits): readonly Operation[] {
  const url = '/admin/aliases';
  return [
    operation({
      id: 'listAliases',
      method: 'GET',
      url,
      access: 'read',
      tag,
      summary: 'All aliases',
      answers: { 200: collectionAnswers.aliases },
      async handle(_request, { database }) {
        return json({ aliases: await database.listAliases() });
      },
    }),
    operation({
      id: 'updateAliases',
      method: 'POST',
      url,
      access: 'write',
      tag,
      summary: 'Make, delete and rename aliases',
      body: collectionSchemas(limits).aliases,
      answers: { 200: collectionAnswers.ok },
      async handle({ body }, { database }) {
        await database.updateAliases(
          body.actions.map((action, index) => aliasAction(action, `actions[${index}]`, limits)),
        );
        return json(OK);
      },
    }),
  ];
}

interface VectorBody {
  readonly dimension: number;
  readonly distance: VectorConfig['distance'];
  readonly quantization?: NonNullable<VectorConfig['quantization']>;
  readonly m?: number;
  readonly ef_construction?: number;
  readonly ef_search?: number;
}

function vectorConfigs(
  body: { readonly vector?: VectorBody; readonly vectors?: Readonly<Record<string, VectorBody>> },
  limits: Limits,
): Record<string, VectorConfig> {
  const configs = new Map<string, VectorConfig>();
  if (body.vector) configs.set('', vectorConfig(body.vector));
  for (const [name, vector] of Object.entries(body.vectors ?? {})) {
    const field = `vectors.${name}`;
    if (name !== '') checkedName(name, field, limits);
    else if (body.vector) refuse('vectors', 'has the unnamed vector again');
    configs.set(name, vectorConfig(vector));
  }
  if (configs.size === 0) refuse('vector', 'a collection has at least one vector');
  if (configs.size > limits.vectorsPerCollectionMax) {
    const field = 'vectors';
    throw new VectorDbError(
      'LIMIT_EXCEEDED',
      `${field}: at most ${limits.vectorsPerCollectionMax} vectors`,
      { field },
    );
  }
  return Object.fromEntries(configs);
}

function vectorConfig(body: VectorBody): VectorConfig {
  return {
    dimension: body.dimension,
    distance: body.distance,
    ...(body.quantization === undefined ? {} : { quantization: body.quantization }),
    ...(body.m === undefined ? {} : { m: body.m }),
    ...(body.ef_construction === undefined ? {} : { efConstruction: body.ef_construction }),
    ...(body.ef_search === undefined ? {} : { efSearch: body.ef_search }),
  };
}

function indexSchema(body: {
  readonly kind: PayloadIndexSchema['kind'];
  readonly tokenizer?: NonNullable<PayloadIndexSchema['tokenizer']>;
  readonly lowercase?: boolean;
  readonly min_token_length?: number;
  readonly max_token_length?: number;
}): PayloadIndexSchema {
  const { kind, tokenizer, lowercase, min_token_length: least, max_token_length: most } = body;
  const textField = (
    ['tokenizer', 'lowercase', 'min_token_length', 'max_token_length'] as const
  ).find((name) => body[name] !== undefined);
  if (kind !== 'text' && textField) refuse(textField, 'is for indexes of kind text only');
  if (least !== undefined && most !== undefined && least > most) {
    refuse('min_token_length', 'is above max_token_length');
  }
  return {
    kind,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(lowercase === undefined ? {} : { lowercase }),
    ...(least === undefined ? {} : { minTokenLength: least }),
    ...(most === undefined ? {} : { maxTokenLength: most }),
  };
}

function aliasAction(
  action: {
    readonly kind: AliasAction['kind'];
    readonly alias: string;
    readonly collection?: string;
    readonly new_alias?: string;
  },
  path: string,
  limits: Limits,
): AliasAction {
  const { kind } = action;
  const alias = checkedName(action.alias, `${path}.alias`, limits);
  if (kind !== 'create' && action.collection !== undefined) {
    refuse(`${path}.collection`, `is not for ${kind}`);
  }
  if (kind !== 'rename' && action.new_alias !== undefined) {
    refuse(`${path}.new_alias`, `is not for ${kind}`);
  }
  if (kind === 'delete') return { kind, alias };
  if (kind === 'create') {
    const collection = action.collection ?? refuse(`${path}.collection`, 'is missing');
    return { kind, alias, collection: checkedName(collection, `${path}.collection`, limits) };
  }
  const newAlias = action.new_alias ?? refuse(`${path}.new_alias`, 'is missing');
  return { kind, alias, newAlias: checkedName(newAlias, `${path}.new_alias`, limits) };
}

function refuse(field: string, problem: string): never {
  throw new VectorDbError('INVALID_ARGUMENT', `${field}: ${problem}`, { field });
}

function describe({
  schema,
  aliases: names,
  state,
  points,
  segments,
}: CollectionDescription): object {
  const { '': unnamed, ...named } = schema.vectors;
  return {
    name: schema.name,
    number: schema.number,
    state,
    points,
    aliases: names,
    ...(unnamed ? { vector: vectorDescription(unnamed) } : {}),
    ...(Object.keys(named).length === 0
      ? {}
      : {
          vectors: Object.fromEntries(
            Object.entries(named).map(([name, vector]) => [name, vectorDescription(vector)]),
          ),
        }),
    indexes: Object.fromEntries(
      Object.entries(schema.payloadIndexes).map(([field, index]) => [
        field,
        {
          kind: index.kind,
          tokenizer: index.tokenizer,
          lowercase: index.lowercase,
          min_token_length: index.minTokenLength,
          max_token_length: index.maxTokenLength,
        },
      ]),
    ),
    segments: segments.map(({ kind, rows, deletedRows, bytes }) => ({
      kind,
      rows,
      deleted_rows: deletedRows,
      bytes,
    })),
  };
}

function vectorDescription(vector: VectorSchema): object {
  const { dimension, distance, quantization, m, efConstruction, efSearch } = vector;
  return {
    dimension,
    distance,
    quantization,
    m,
    ef_construction: efConstruction,
    ef_search: efSearch,
  };
}
