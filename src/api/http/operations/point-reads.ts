import { VectorDbError } from '../../../base/error.ts';
import type { Limits } from '../../../database/limits.ts';
import { CONSISTENCIES } from '../../../database/vector-database.ts';
import type { Consistency } from '../../../database/vector-database.ts';
import { pointAnswers, pointSchemas } from '../../schemas/point-schemas.ts';
import { json, operation } from '../operation.ts';
import type { Operation } from '../operation.ts';
import { endWithMissing, writeStoredPoint, writeStoredPoints } from '../point-writer.ts';
import {
  collectionOf,
  pathIdTable,
  pathIds,
  requestedRead,
  selectorsOf,
} from '../request-fields.ts';

const SCROLL_LIMIT_DEFAULT = 10;
const shared = { access: 'read', tag: 'points' } as const;

/** Operations that read points. */
export function pointReads(limits: Limits): readonly Operation[] {
  return [getPoint(), getPoints(limits), scroll(limits), count(limits)];
}

function getPoint(): Operation {
  return operation({
    ...shared,
    id: 'getPoint',
    method: 'GET',
    url: '/vectors/:id',
    summary: 'Read one point',
    params: { id: 'The id of the point.' },
    query: {
      ...pathIdTable,
      with_payload: { kind: 'boolean', description: 'Absent: true.' },
      with_vector: { kind: 'boolean', description: 'Absent: true.' },
      consistency: {
        kind: 'choice',
        description: 'As in the other reads; absent: linearizable.',
        choices: CONSISTENCIES,
      },
    },
    answers: { 200: pointAnswers.point },
    async handle({ params, query, signal }, setting) {
      const collection = collectionOf(query['collection'] as string | undefined, setting);
      const ids = pathIds(params['id'] as string, query, setting.limits.idBytesMax);
      const select = {
        payload: query['with_payload'] !== false,
        vectors: query['with_vector'] !== false,
      };
      const points = await setting.database.getPoints(collection, ids, select, {
        signal,
        consistency: query['consistency'] as Consistency | undefined,
      });
      const point = points.find(({ id }) => id === ids[0]) ?? points[0];
      if (!point) {
        throw new VectorDbError('POINT_NOT_FOUND', `there is no point ${params['id']}`, {
          field: 'id',
        });
      }
      writeStoredPoint(setting.writer.begin(), point, select);
      return { status: 200, body: setting.writer.take() };
    },
  });
}

function getPoints(limits: Limits): Operation {
  return operation({
    ...shared,
    id: 'getPoints',
    method: 'POST',
    url: '/vectors/get',
    summary: 'Read points by their ids',
    description: 'In the order of the ids, each once; what is not there is left out.',
    body: pointSchemas(limits).get,
    answers: { 200: pointAnswers.points },
    async handle({ body, signal }, setting) {
      const select = selectorsOf(body);
      const collection = collectionOf(body.collection, setting);
      const read = requestedRead(body, signal);
      const { database } = setting;
      const points = await database.getPoints(collection, body.ids, select, read.options);
      setting.writer.begin().raw('{"points":');
      writeStoredPoints(setting.writer, points, select);
      return { status: 200, body: endWithMissing(setting.writer, read.missingShards).take() };
    },
  });
}

function scroll(limits: Limits): Operation {
  return operation({
    ...shared,
    id: 'scrollPoints',
    method: 'POST',
    url: '/vectors/scroll',
    summary: 'Read points page by page, by ascending id',
    description:
      'Integers come first, then UUIDs, then strings. `next` is the `from` of the next page; absent on the last.',
    body: pointSchemas(limits).scroll,
    answers: { 200: pointAnswers.page },
    async handle({ body, signal }, setting) {
      const select = selectorsOf(body);
      const read = requestedRead(body, signal);
      const page = await setting.database.scroll(
        {
          collection: collectionOf(body.collection, setting),
          ...(body.filter === undefined
            ? {}
            : { filter: setting.readFilter(body.filter, 'filter') }),
          ...(body.from === undefined ? {} : { from: body.from }),
          limit: body.limit ?? SCROLL_LIMIT_DEFAULT,
          select,
        },
        read.options,
      );
      setting.writer.begin().raw('{"points":');
      writeStoredPoints(setting.writer, page.points, select);
      if (page.next !== undefined) setting.writer.raw(',"next":').id(page.next);
      return { status: 200, body: endWithMissing(setting.writer, read.missingShards).take() };
    },
  });
}

function count(limits: Limits): Operation {
  return operation({
    ...shared,
    id: 'countPoints',
    method: 'POST',
    url: '/vectors/count',
    summary: 'Count points, all or those that pass a filter',
    body: pointSchemas(limits).count,
    bodyOptional: true,
    answers: { 200: pointAnswers.count },
    async handle({ body, signal }, setting) {
      const read = requestedRead(body, signal);
      const points = await setting.database.count(
        {
          collection: collectionOf(body.collection, setting),
          ...(body.filter === undefined
            ? {}
            : { filter: setting.readFilter(body.filter, 'filter') }),
        },
        read.options,
      );
      return json({ count: points, missing_shards: read.missingShards });
    },
  });
}
