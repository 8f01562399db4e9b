import { Type } from 'typebox';
import { ERROR_CODES } from '../../base/error-codes.ts';

const closed = { additionalProperties: false } as const;

/** Answers about the node itself. */
export const nodeAnswers = {
  health: Type.Object(
    {
      status: Type.Enum(['ok', 'unavailable']),
      reasons: Type.Array(Type.String(), {
        description: 'Why the node cannot serve, or what writes are refused for.',
      }),
      writable: Type.Optional(Type.Boolean()),
      collections: Type.Optional(Type.Integer()),
      points: Type.Optional(Type.Integer()),
    },
    closed,
  ),
  live: Type.Object({ status: Type.Literal('ok') }, closed),
  info: Type.Object(
    {
      name: Type.Literal('grape'),
      version: Type.String(),
      ready: Type.Boolean(),
      writable: Type.Boolean(),
      reasons: Type.Array(Type.String()),
      collections: Type.Integer(),
      points: Type.Integer(),
    },
    closed,
  ),
};

/** What every failed request is answered with. */
export const errorAnswer = Type.Object(
  {
    error: Type.Object(
      {
        code: Type.Enum(Object.keys(ERROR_CODES)),
        message: Type.String(),
        field: Type.Optional(
          Type.String({ description: 'The field at fault, as `points[3].vector[17]`.' }),
        ),
        retryable: Type.Boolean({
          description: 'Whether the same request may succeed later, unchanged.',
        }),
        retry_after_ms: Type.Optional(Type.Integer()),
      },
      closed,
    ),
  },
  { ...closed, $id: 'Error', description: 'The request failed.' },
);
