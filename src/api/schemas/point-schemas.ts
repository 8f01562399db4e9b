import { Type } from 'typebox';
import type { Limits } from '../../database/limits.ts';
import { CONSISTENCIES } from '../../database/vector-database.ts';
import {
  DOCUMENTED_AS,
  filterNode,
  idAnswer,
  idNode,
  nameNode,
  payloadNode,
  vectorNode,
} from './schema-nodes.ts';

const closed = { additionalProperties: false } as const;

/** Fields that several requests about points have. */
export function requestFields(limits: Limits) {
  return {
    collection: Type.Optional(
      nameNode(limits, 'A collection or alias; absent: the default collection.'),
    ),
    wait: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'true: answer when searches see the write. false: answer when it is queued; it may still be lost.',
      }),
    ),
    ids: Type.Optional(
      Type.Array(idNode(), {
        minItems: 1,
        maxItems: limits.batchPointsMax,
        description: 'These points.',
      }),
    ),
    filter: Type.Optional(filterNode()),
  };
}

/** How a request is to be read. */
export function readFields() {
  return {
    consistency: Type.Optional(
      Type.Enum([...CONSISTENCIES], {
        default: 'linearizable',
        description:
          'linearizable: sees every write acknowledged before. local: what the replica that answers has applied, which may be a little less.',
      }),
    ),
    allow_partial: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Answer without the shards that cannot be read, and name them in `missing_shards`, instead of failing.',
      }),
    ),
  };
}

/** In answers of reads. */
export const missingShards = Type.Optional(
  Type.Array(Type.Integer({ minimum: 0 }), {
    description: 'Shards whose points are not in the answer; absent: none is missing.',
  }),
);

/** `with_payload` and `with_vector`. */
export function selectorFields(limits: Limits) {
  const paths = Type.Array(Type.String({ minLength: 1 }), { maxItems: limits.batchPointsMax });
  return {
    with_payload: Type.Optional(
      Type.Union(
        [
          Type.Boolean(),
          paths,
          Type.Object({ include: paths }, closed),
          Type.Object({ exclude: paths }, closed),
        ],
        {
          default: true,
          description: 'The whole payload, none, or the key paths that are named or not excluded.',
        },
      ),
    ),
    with_vector: Type.Optional(
      Type.Union(
        [Type.Boolean(), Type.Array(Type.String(), { maxItems: limits.vectorsPerCollectionMax })],
        { default: false, description: 'All vectors, none, or those named.' },
      ),
    ),
  };
}

function pointFields(limits: Limits) {
  return {
    vector: Type.Optional(vectorNode(limits)),
    vectors: Type.Optional(
      Type.Record(Type.String(), vectorNode(limits), {
        description: 'Vectors by name, in collections that have named ones.',
      }),
    ),
    payload: Type.Optional(payloadNode()),
  };
}

/** Bodies of the requests about points. */
export function pointSchemas(limits: Limits) {
  const { collection, wait, ids, filter } = requestFields(limits);
  const point = Type.Object({ id: idNode(), ...pointFields(limits) }, closed);
  const points = Type.Array(point, { minItems: 1, maxItems: limits.batchPointsMax });
  const selected = { collection, wait, ids, filter };
  return {
    upsert: Type.Object(
      {
        collection,
        wait,
        id: Type.Optional(idNode()),
        ...pointFields(limits),
        points: Type.Optional(points),
      },
      {
        ...closed,
        [DOCUMENTED_AS]: {
          anyOf: [
            Type.Object({ collection, wait, id: idNode(), ...pointFields(limits) }, closed),
            Type.Object({ collection, wait, points }, closed),
          ],
        },
      },
    ),
    get: Type.Object(
      {
        collection,
        ids: Type.Array(idNode(), { minItems: 1, maxItems: limits.batchPointsMax }),
        ...selectorFields(limits),
        ...readFields(),
      },
      closed,
    ),
    remove: Type.Object(selected, closed),
    payload: Type.Object({ ...selected, payload: payloadNode() }, closed),
    removePayload: Type.Object(
      {
        ...selected,
        keys: Type.Optional(
          Type.Array(Type.String({ minLength: 1 }), {
            minItems: 1,
            maxItems: limits.batchPointsMax,
            description: 'Key paths such as `a.b`; absent: the whole payload.',
          }),
        ),
      },
      closed,
    ),
    scroll: Type.Object(
      {
        collection,
        filter,
        from: Type.Optional(idNode()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.limitMax, default: 10 })),
        ...selectorFields(limits),
        ...readFields(),
      },
      closed,
    ),
    count: Type.Object({ collection, filter, ...readFields() }, closed),
  };
}

const payloadAnswer = Type.Optional(Type.Record(Type.String(), Type.Unknown()));
const vectorAnswers = {
  vector: Type.Optional(Type.Array(Type.Number(), { description: 'The unnamed vector.' })),
  vectors: Type.Optional(
    Type.Record(Type.String(), Type.Array(Type.Number()), { description: 'Named vectors.' }),
  ),
};

/** A point found by a search. */
export const scoredPoint = Type.Object(
  {
    id: idAnswer,
    score: Type.Number({
      description: 'Similarity (cosine, dot: larger is nearer) or distance (euclid, manhattan).',
    }),
    payload: payloadAnswer,
    ...vectorAnswers,
  },
  closed,
);

/** A point as it is stored. */
export const storedPoint = Type.Object(
  {
    id: idAnswer,
    version: Type.Integer({ description: 'Grows with each change of the point.' }),
    payload: payloadAnswer,
    ...vectorAnswers,
  },
  closed,
);

/** Answers of the requests about points. */
export const pointAnswers = {
  written: Type.Object(
    {
      status: Type.Enum(['applied', 'accepted']),
      changed: Type.Integer({
        minimum: 0,
        description: 'Points inserted, replaced, deleted or changed; 0 while only accepted.',
      }),
    },
    closed,
  ),
  point: storedPoint,
  points: Type.Object({ points: Type.Array(storedPoint), missing_shards: missingShards }, closed),
  page: Type.Object(
    {
      points: Type.Array(storedPoint),
      next: Type.Optional(idAnswer),
      missing_shards: missingShards,
    },
    closed,
  ),
  count: Type.Object(
    { count: Type.Integer({ minimum: 0 }), missing_shards: missingShards },
    closed,
  ),
  session: Type.Object(
    { session: Type.String({ description: 'Letters, digits, `-` and `_`.' }) },
    closed,
  ),
};
