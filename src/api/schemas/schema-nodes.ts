import { Type } from 'typebox';
import type { TSchema, TUnsafe } from 'typebox';
import type { PointId } from '../../base/point-id.ts';
import type { Limits } from '../../database/limits.ts';
import type { PayloadJson } from '../../storage/point-record.ts';
import { READ_AS } from '../json/read-plan.ts';

/** The keyword of a schema that holds what the OpenAPI document shows in its place. */
export const DOCUMENTED_AS = 'x-documented-as';

const idDocument = {
  description:
    'A string without U+FFFD, or an unsigned integer up to 2^64-1. A string in canonical UUID form is a UUID.',
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'integer', format: 'uint64', minimum: 0 },
  ],
  examples: ['article-17'],
};

const vectorDocument = (dimensionMax: number): object => ({
  type: 'array',
  items: { type: 'number' },
  minItems: 1,
  maxItems: dimensionMax,
  description: 'Finite numbers within the range of float32, as many as the collection asks for.',
  examples: [[0.12, -0.53, 0.84]],
});

const payloadDocument = {
  type: ['object', 'null'],
  additionalProperties: true,
  description: 'Any JSON object; kept as it was written.',
  examples: [{ title: 'Grapes', year: 2026 }],
};

/** A point's id in a request; the reader has checked it already. */
export function idNode(): TUnsafe<PointId> {
  return Type.Unsafe<PointId>({ [READ_AS]: 'id', [DOCUMENTED_AS]: idDocument });
}

/** A vector in a request; the reader has checked it already. */
export function vectorNode(limits: Limits): TUnsafe<Float32Array> {
  return Type.Unsafe<Float32Array>({
    [READ_AS]: 'vector',
    [DOCUMENTED_AS]: vectorDocument(limits.dimensionMax),
  });
}

/** A payload in a request; the reader has checked it already. */
export function payloadNode(): TUnsafe<PayloadJson> {
  return Type.Unsafe<PayloadJson>({ [READ_AS]: 'payload', [DOCUMENTED_AS]: payloadDocument });
}

/** A filter in a request; the filter parser checks it. */
export function filterNode(): TUnsafe<unknown> {
  return Type.Unsafe<unknown>({
    [DOCUMENTED_AS]: {
      type: 'object',
      description:
        'What points it is about: `must`, `should`, `must_not` and `min_should` over conditions on the payload, ids and vectors. All clauses hold together.',
      properties: {
        must: conditions('All of these hold.'),
        should: conditions('At least one of these holds, where there are any.'),
        must_not: conditions('None of these holds.'),
        min_should: {
          type: 'object',
          required: ['conditions', 'min_count'],
          properties: {
            conditions: conditions('Candidates.'),
            min_count: { type: 'integer', minimum: 1 },
          },
        },
      },
      examples: [{ must: [{ key: 'year', range: { gte: 2020 } }] }],
    },
  });
}

function conditions(description: string): object {
  return {
    description,
    anyOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }],
  };
}

/** The name of a collection, alias, vector or field. Bytes are counted again where it is used; a character has at least one. */
export function nameNode(limits: Limits, description: string): ReturnType<typeof Type.String> {
  return Type.String({ minLength: 1, maxLength: limits.nameBytesMax, description });
}

/** An id in an answer. */
export const idAnswer: TSchema = Type.Unsafe<unknown>({ [DOCUMENTED_AS]: idDocument });

/** The schema as the OpenAPI document shows it: what stands in for a node takes its place. */
export function documented(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(documented);
  if (typeof schema !== 'object' || schema === null) return schema;
  const node = schema as Record<string, unknown>;
  if (node[DOCUMENTED_AS] !== undefined) return documented(node[DOCUMENTED_AS]);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, documented(value)]));
}
