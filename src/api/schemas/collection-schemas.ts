import { Type } from 'typebox';
import type { Limits } from '../../database/limits.ts';
import { PAYLOAD_INDEX_KINDS, QUANTIZATIONS, TOKENIZERS } from '../../index/collection-schema.ts';
import { DISTANCES } from '../../index/distance.ts';
import { nameNode } from './schema-nodes.ts';

const closed = { additionalProperties: false } as const;

/** Bodies of the requests about collections. */
export function collectionSchemas(limits: Limits) {
  const vector = Type.Object(
    {
      dimension: Type.Integer({ minimum: 1, maximum: limits.dimensionMax }),
      distance: Type.Enum([...DISTANCES]),
      quantization: Type.Optional(
        Type.Enum([...QUANTIZATIONS], {
          description: 'Absent: `binary` from 256 dimensions on, else `int8`.',
        }),
      ),
      m: Type.Optional(Type.Integer({ minimum: 2, maximum: 256 })),
      ef_construction: Type.Optional(Type.Integer({ minimum: 4, maximum: limits.efMax })),
      ef_search: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.efMax })),
    },
    closed,
  );
  const name = (description: string): ReturnType<typeof nameNode> => nameNode(limits, description);
  return {
    create: Type.Object(
      {
        vector: Type.Optional(vector),
        vectors: Type.Optional(
          Type.Record(Type.String(), vector, { description: 'Named vectors.' }),
        ),
      },
      { ...closed, description: 'The unnamed vector, named ones, or both.' },
    ),
    payloadIndex: Type.Object(
      {
        kind: Type.Enum([...PAYLOAD_INDEX_KINDS]),
        tokenizer: Type.Optional(Type.Enum([...TOKENIZERS])),
        lowercase: Type.Optional(Type.Boolean()),
        min_token_length: Type.Optional(Type.Integer({ minimum: 1, maximum: 255 })),
        max_token_length: Type.Optional(Type.Integer({ minimum: 1, maximum: 255 })),
      },
      { ...closed, description: 'All but `kind` for kind `text` only.' },
    ),
    aliases: Type.Object(
      {
        actions: Type.Array(
          Type.Object(
            {
              kind: Type.Enum(['create', 'delete', 'rename']),
              alias: name('The alias.'),
              collection: Type.Optional(name('Of `create`: the collection it stands for.')),
              new_alias: Type.Optional(name('Of `rename`: its name from now on.')),
            },
            closed,
          ),
          { minItems: 1, maxItems: limits.collectionsMax },
        ),
      },
      { ...closed, description: 'All actions happen at once or none.' },
    ),
    nothing: Type.Object({}, closed),
  };
}

const vectorAnswer = Type.Object({
  dimension: Type.Integer(),
  distance: Type.Enum([...DISTANCES]),
  quantization: Type.Enum([...QUANTIZATIONS]),
  m: Type.Integer(),
  ef_construction: Type.Integer(),
  ef_search: Type.Integer(),
});

const description = Type.Object({
  name: Type.String(),
  number: Type.Integer(),
  state: Type.Enum(['ready', 'building']),
  points: Type.Integer(),
  aliases: Type.Array(Type.String()),
  vector: Type.Optional(vectorAnswer),
  vectors: Type.Optional(Type.Record(Type.String(), vectorAnswer)),
  indexes: Type.Record(
    Type.String(),
    Type.Object({
      kind: Type.Enum([...PAYLOAD_INDEX_KINDS]),
      tokenizer: Type.Optional(Type.Enum([...TOKENIZERS])),
      lowercase: Type.Optional(Type.Boolean()),
      min_token_length: Type.Optional(Type.Integer()),
      max_token_length: Type.Optional(Type.Integer()),
    }),
  ),
  segments: Type.Array(
    Type.Object({
      kind: Type.Enum(['growing', 'sealed']),
      rows: Type.Integer(),
      deleted_rows: Type.Integer(),
      bytes: Type.Integer(),
    }),
  ),
});

/** Answers of the requests about collections. */
export const collectionAnswers = {
  description,
  list: Type.Object({ collections: Type.Array(description) }, closed),
  deleted: Type.Object(
    { deleted: Type.Boolean({ description: 'Whether there was one.' }) },
    closed,
  ),
  ok: Type.Object({ status: Type.Literal('ok') }, closed),
  aliases: Type.Object(
    {
      aliases: Type.Array(Type.Object({ alias: Type.String(), collection: Type.String() }, closed)),
    },
    closed,
  ),
};
