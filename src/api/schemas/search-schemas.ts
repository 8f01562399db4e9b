import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Limits } from '../../database/limits.ts';
import {
  missingShards,
  readFields,
  requestFields,
  scoredPoint,
  selectorFields,
} from './point-schemas.ts';
import { vectorNode } from './schema-nodes.ts';

const closed = { additionalProperties: false } as const;

function searchFields(limits: Limits) {
  return {
    vector: vectorNode(limits),
    using: Type.Optional(
      Type.String({
        maxLength: limits.nameBytesMax,
        description: 'The named vector to compare with; absent: the unnamed one.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.limitMax, default: 10 })),
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.offsetMax, default: 0 })),
    filter: requestFields(limits).filter,
    score_threshold: Type.Optional(
      Type.Number({ description: 'Only points nearer than this score.' }),
    ),
    ef: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.efMax,
        description: 'Candidates the graph considers; absent: the setting of the collection.',
      }),
    ),
    exact: Type.Optional(
      Type.Boolean({ default: false, description: 'Compare with every point.' }),
    ),
    explain: Type.Optional(
      Type.Boolean({ default: false, description: 'Tell how the search was done.' }),
    ),
    ...selectorFields(limits),
  };
}

/** One search without its collection. */
export type SearchBody = Omit<
  Static<ReturnType<typeof searchSchemas>['search']>,
  'consistency' | 'allow_partial'
>;

/** Bodies of searches. */
export function searchSchemas(limits: Limits) {
  const { collection } = requestFields(limits);
  const search = Type.Object({ collection, ...searchFields(limits) }, closed);
  return {
    search: Type.Object({ collection, ...searchFields(limits), ...readFields() }, closed),
    batch: Type.Object(
      {
        collection,
        ...readFields(),
        searches: Type.Array(search, { minItems: 1, maxItems: limits.searchBatchMax }),
      },
      closed,
    ),
  };
}

const segment = Type.Object(
  {
    kind: Type.Enum(['growing', 'sealed']),
    rows: Type.Integer(),
    estimated: Type.Optional(Type.Number()),
    strategy: Type.Enum(['graph', 'exact', 'exactOverMatches', 'filteredGraph', 'nothingMatches']),
    indexed: Type.Array(Type.String()),
    unindexed: Type.Array(Type.String()),
    candidates: Type.Integer(),
    rescored: Type.Integer(),
  },
  { description: 'How one segment was searched.' },
);

const resultFields = {
  results: Type.Array(scoredPoint, { description: 'Nearest first; equal scores by id.' }),
  explanation: Type.Optional(Type.Object({ segments: Type.Array(segment) })),
};
const results = Type.Object(resultFields, closed);

/** Answers of searches. */
export const searchAnswers = {
  results: Type.Object({ ...resultFields, missing_shards: missingShards }, closed),
  batch: Type.Object({ searches: Type.Array(results), missing_shards: missingShards }, closed),
};
