import { VectorDbError } from '../../../base/error.ts';
import type { PointId } from '../../../base/point-id.ts';
import type { Limits } from '../../../database/limits.ts';
import type { PointInput, WriteResult } from '../../../database/vector-database.ts';
import type { PayloadJson } from '../../../storage/point-record.ts';
import { pointAnswers, pointSchemas } from '../../schemas/point-schemas.ts';
import { invalidField } from '../../request-checks.ts';
import { json, operation } from '../operation.ts';
import type { Answer, Operation, OperationSetting } from '../operation.ts';
import {
  collectionOf,
  pathIdTable,
  pathIds,
  pointSelectorOf,
  writeOptionsOf,
} from '../request-fields.ts';

const NO_PAYLOAD: PayloadJson = new Uint8Array(0);
const NOTHING_SELECTED = { payload: false, vectors: false } as const;
const answers = { 200: pointAnswers.written };

interface PointBody {
  readonly id?: PointId;
  readonly vector?: Float32Array;
  readonly vectors?: Readonly<Record<string, Float32Array>>;
  readonly payload?: PayloadJson;
}

/** Operations that change points. */
export function pointChanges(limits: Limits): readonly Operation[] {
  return [upsertPoints(limits), deletePoint(), deletePoints(limits), ...payloadChanges(limits)];
}

function upsertPoints(limits: Limits): Operation {
  return operation({
    id: 'upsertPoints',
    method: 'POST',
    url: '/vectors',
    access: 'write',
    isStamped: true,
    tag: 'points',
    summary: 'Insert or replace one point, or many as `points`',
    body: pointSchemas(limits).upsert,
    answers,
    async handle(request, setting) {
      const { body } = request;
      const collection = collectionOf(body.collection, setting);
      const options = writeOptionsOf(body.wait, request);
      if (body.points) {
        refuseMixture(body);
        const points = body.points.map((point, index) => inputOf(point, `points[${index}].`));
        return written(await setting.database.upsertPoints(collection, points, options));
      }
      const point = inputOf(body, '');
      try {
        return written(await setting.database.upsertPoints(collection, [point], options));
      } catch (error) {
        throw aboutOnlyPoint(error);
      }
    },
  });
}

function refuseMixture(body: PointBody): void {
  const field = (['id', 'vector', 'vectors', 'payload'] as const).find(
    (name) => body[name] !== undefined,
  );
  if (field === undefined) return;
  throw new VectorDbError('INVALID_ARGUMENT', `${field}: either one point or points, not both`, {
    field,
  });
}

function inputOf(point: PointBody, prefix: string): PointInput {
  const { id, vector, vectors, payload } = point;
  if (id === undefined) {
    const field = `${prefix}id`;
    throw new VectorDbError('INVALID_ARGUMENT', `${field}: is missing`, { field });
  }
  if (vector === undefined && vectors === undefined) {
    const field = `${prefix}vector`;
    throw new VectorDbError('INVALID_ARGUMENT', `${field}: is missing`, { field });
  }
  if (vector !== undefined && vectors?.[''] !== undefined) {
    const field = `${prefix}vectors`;
    throw new VectorDbError('INVALID_ARGUMENT', `${field}: has the unnamed vector again`, {
      field,
    });
  }
  return {
    id,
    vectors: vector === undefined ? (vectors ?? {}) : { ...vectors, '': vector },
    payload: payload ?? NO_PAYLOAD,
  };
}

/** The error as it is about a request with one point, which wrote no `points[0]`. */
function aboutOnlyPoint(error: unknown): unknown {
  if (!(error instanceof VectorDbError) || !error.field?.startsWith('points[0].')) return error;
  return new VectorDbError(error.code, error.message.replaceAll('points[0].', ''), {
    field: error.field.slice('points[0].'.length),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    cause: error,
  });
}

function deletePoint(): Operation {
  return operation({
    id: 'deletePoint',
    method: 'DELETE',
    url: '/vectors/:id',
    access: 'write',
    isStamped: true,
    tag: 'points',
    summary: 'Delete one point; `changed` is 0 where there was none',
    params: { id: 'The id of the point.' },
    query: {
      ...pathIdTable,
      wait: { kind: 'boolean', description: 'As in the other writes.' },
    },
    answers,
    async handle(request, setting) {
      const { params, query, signal } = request;
      const collection = collectionOf(query['collection'] as string | undefined, setting);
      const ids = pathIds(params['id'] as string, query, setting.limits.idBytesMax);
      if (request.stamp !== undefined && ids.length > 1) {
        throw invalidField('id_type', 'is needed where a deletion may be sent again');
      }
      const id = ids.length === 1 ? ids[0] : await onlyOneThere(ids, collection, setting, signal);
      return written(
        await setting.database.deletePoints(
          collection,
          { kind: 'ids', ids: [id] },
          writeOptionsOf(query['wait'] as boolean | undefined, request),
        ),
      );
    },
  });
}

/** The id that a point has, or the likeliest. Of two points none is chosen: a repeated request would delete the other. @throws {VectorDbError} INVALID_ARGUMENT */
async function onlyOneThere(
  ids: readonly [PointId, ...PointId[]],
  collection: string,
  { database }: OperationSetting,
  signal: AbortSignal,
): Promise<PointId> {
  const found = await database.getPoints(collection, ids, NOTHING_SELECTED, { signal });
  if (found.length > 1) {
    throw new VectorDbError(
      'INVALID_ARGUMENT',
      `id_type: there is a point with the string id ${ids[0]} and one with the integer id: say which is meant`,
      { field: 'id_type' },
    );
  }
  return found[0]?.id ?? ids[0];
}

function deletePoints(limits: Limits): Operation {
  return operation({
    id: 'deletePoints',
    method: 'POST',
    url: '/vectors/delete',
    access: 'write',
    isStamped: true,
    tag: 'points',
    summary: 'Delete points by their ids or by a filter',
    body: pointSchemas(limits).remove,
    answers,
    async handle(request, setting) {
      const { body } = request;
      return written(
        await setting.database.deletePoints(
          collectionOf(body.collection, setting),
          pointSelectorOf(body, setting),
          writeOptionsOf(body.wait, request),
        ),
      );
    },
  });
}

function payloadChanges(limits: Limits): readonly Operation[] {
  const schemas = pointSchemas(limits);
  const shared = { access: 'write', tag: 'points', isStamped: true, answers } as const;
  return [
    operation({
      ...shared,
      id: 'setPayload',
      method: 'POST',
      url: '/vectors/payload',
      summary: 'Set fields of payloads, leaving the others',
      body: schemas.payload,
      async handle(request, setting) {
        const { body } = request;
        const collection = collectionOf(body.collection, setting);
        const selector = pointSelectorOf(body, setting);
        const options = writeOptionsOf(body.wait, request);
        return written(
          await setting.database.setPayload(collection, selector, body.payload, options),
        );
      },
    }),
    operation({
      ...shared,
      id: 'overwritePayload',
      method: 'PUT',
      url: '/vectors/payload',
      summary: 'Replace payloads as a whole',
      body: schemas.payload,
      async handle(request, setting) {
        const { body } = request;
        const collection = collectionOf(body.collection, setting);
        const selector = pointSelectorOf(body, setting);
        const options = writeOptionsOf(body.wait, request);
        return written(
          await setting.database.overwritePayload(collection, selector, body.payload, options),
        );
      },
    }),
    operation({
      ...shared,
      id: 'deletePayload',
      method: 'POST',
      url: '/vectors/payload/delete',
      summary: 'Delete fields of payloads, or all of them',
      body: schemas.removePayload,
      async handle(request, setting) {
        const { body } = request;
        const collection = collectionOf(body.collection, setting);
        const selector = pointSelectorOf(body, setting);
        const options = writeOptionsOf(body.wait, request);
        return written(
          await setting.database.deletePayload(collection, selector, body.keys ?? [], options),
        );
      },
    }),
  ];
}

function written(result: WriteResult): Answer {
  return json({ status: result.status, changed: result.changed });
}
