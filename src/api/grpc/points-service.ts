import type {
  PointSelector,
  SearchResult,
  WriteOptions,
  WriteResult,
} from '../../database/vector-database.ts';
import { checkAtMost, checkCount, invalidField } from '../request-checks.ts';
import { STAMP_HEADERS } from '../write-stamp.ts';
import type { MethodHandler, StreamHandler } from './call-handling.ts';
import { readFilter } from './filter-codec.ts';
import type * as wire from './generated/messages.ts';
import { plainAnswer } from './plain-answer.ts';
import {
  readPayload,
  readPoint,
  readSelector,
  readSelectors,
  readWait,
  writePoint,
} from './point-codec.ts';
import { readPointId, readPointIds, writePointId } from './point-id-codec.ts';
import { readRequestedRead } from './read-codec.ts';
import { DEFAULT_LIMIT, readSearch, writeSearchResult } from './search-codec.ts';
import type { ServiceCodec } from './service-codec.ts';
import type { ServiceSetting } from './service-setting.ts';
import { upsertStream } from './upsert-stream.ts';

type Method<Request, Response> = MethodHandler<Request, Response>;

/** The methods of `grape.v1.Points` that take one message. */
export function pointsMethods(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection } = setting;
  const collectionOf = (message: { readonly collection?: string | undefined }): string =>
    message.collection || defaultCollection;

  const upsert: Method<wire.UpsertRequest, wire.WriteResponse> = {
    operation: 'Points.Upsert',
    access: 'write',
    codec: codec.of('Upsert'),
    async handle(message, signal, stamp) {
      const points = readPoints(message, limits);
      const options = { wait: readWait(message.wait), signal, stamp };
      return written(await database.upsertPoints(collectionOf(message), points, options));
    },
  };

  const get: Method<wire.GetRequest, wire.GetResponse> = {
    operation: 'Points.Get',
    access: 'read',
    codec: codec.of('Get'),
    async handle(message, signal) {
      const ids = readPointIds(message.ids, 'ids', limits.batchPointsMax);
      if (ids.length === 0) throw invalidField('ids', 'is empty');
      const select = readSelectors(message);
      const read = readRequestedRead(message, signal);
      const points = await database.getPoints(collectionOf(message), ids, select, read.options);
      return {
        points: points.map((point) => writePoint(point, asValues(message))),
        missingShards: read.missingShards,
      };
    },
  };

  const scroll: Method<wire.ScrollRequest, wire.ScrollResponse> = {
    operation: 'Points.Scroll',
    access: 'read',
    codec: codec.of('Scroll'),
    async handle(message, signal) {
      const { limit = DEFAULT_LIMIT, filter, from } = message;
      checkCount(limit, 1, limits.limitMax, 'limit');
      const read = readRequestedRead(message, signal);
      const page = await database.scroll(
        {
          collection: collectionOf(message),
          limit,
          select: readSelectors(message),
          ...(filter && { filter: readFilter(filter, 'filter', limits) }),
          ...(from && { from: readPointId(from, 'from') }),
        },
        read.options,
      );
      return {
        points: page.points.map((point) => writePoint(point, asValues(message))),
        next: page.next === undefined ? undefined : writePointId(page.next),
        missingShards: read.missingShards,
      };
    },
  };

  return {
    Upsert: upsert,
    Get: get,
    Scroll: scroll,
    ...queries(codec, setting),
    ...sessions(codec, setting),
    ...selectedWrites(codec, setting),
  };
}

/** The method that opens sessions of clients. */
function sessions(codec: ServiceCodec, { database }: ServiceSetting) {
  const openSession: Method<wire.OpenSessionRequest, wire.OpenSessionResponse> = {
    operation: 'Points.OpenSession',
    access: 'write',
    codec: codec.of('OpenSession'),
    handle: async (_message, signal) => ({ session: await database.openSession(signal) }),
  };
  return { OpenSession: openSession };
}

interface SearchAnswer {
  readonly result: SearchResult;
  /** Whether vectors are lists of numbers. */
  readonly isAsValues: boolean;
  readonly missingShards: readonly number[] | undefined;
}

/** The methods that look for points by what they hold. */
function queries(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection } = setting;
  const count: Method<wire.CountRequest, wire.CountResponse> = {
    operation: 'Points.Count',
    access: 'read',
    codec: codec.of('Count'),
    async handle(message, signal) {
      const { filter } = message;
      const request = {
        collection: message.collection || defaultCollection,
        ...(filter && { filter: readFilter(filter, 'filter', limits) }),
      };
      const read = readRequestedRead(message, signal);
      const count = await database.count(request, read.options);
      return { count, missingShards: read.missingShards };
    },
  };

  const searchCodec = codec.of<wire.SearchRequest, wire.SearchResponse>('Search');
  const search: Method<wire.SearchRequest, SearchAnswer> = {
    operation: 'Points.Search',
    access: 'read',
    codec: {
      read: (bytes) => searchCodec.read(bytes),
      write: ({ result, isAsValues, missingShards }) =>
        (missingShards === undefined ? plainAnswer(result) : undefined) ??
        searchCodec.write({ ...writeSearchResult(result, isAsValues), missingShards }),
    },
    async handle(message, signal) {
      const request = readSearch(message, defaultCollection, limits);
      const read = readRequestedRead(message, signal);
      const result = await database.search(request, read.options);
      const { missingShards } = read;
      return { result, isAsValues: asValues(message), missingShards };
    },
  };

  const searchBatch: Method<wire.SearchBatchRequest, wire.SearchBatchResponse> = {
    operation: 'Points.SearchBatch',
    access: 'read',
    codec: codec.of('SearchBatch'),
    async handle(message, signal) {
      const batch = message.searches ?? [];
      if (batch.length === 0) throw invalidField('searches', 'is empty');
      checkAtMost(batch.length, limits.searchBatchMax, 'searches');
      const requests = batch.map((one, i) =>
        readSearch(
          partOfBatch(one, i),
          message.collection || defaultCollection,
          limits,
          `searches[${i}].`,
        ),
      );
      const read = readRequestedRead(message, signal);
      const results = await database.searchBatch(requests, read.options);
      return {
        results: results.map((result, i) => writeSearchResult(result, asValues(batch[i]))),
        missingShards: read.missingShards,
      };
    },
  };

  return { Count: count, Search: search, SearchBatch: searchBatch };
}

/** A search of a batch. @throws {VectorDbError} INVALID_ARGUMENT where it says what only the batch may */
function partOfBatch(search: wire.SearchRequest, place: number): wire.SearchRequest {
  const why = 'stands beside the searches, not in one of them';
  if (search.allowPartial === true) throw invalidField(`searches[${place}].allow_partial`, why);
  const { consistency = 'CONSISTENCY_UNSPECIFIED' } = search;
  if (consistency === 'CONSISTENCY_UNSPECIFIED') return search;
  throw invalidField(`searches[${place}].consistency`, why);
}

/** `UpsertStream`, the one method that takes a stream. */
export function pointsStreamMethods(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection } = setting;
  const method: StreamHandler<wire.UpsertRequest, wire.UpsertSummary> = {
    operation: 'Points.UpsertStream',
    access: 'write',
    codec: codec.of('UpsertStream'),
    handle: async (messages, signal, stamp) => {
      if (stamp !== undefined) {
        throw invalidField(STAMP_HEADERS.session, 'a stream of batches has none');
      }
      return upsertStream(messages, {
        defaultCollection,
        signal,
        upsert: async (collection, message) => {
          const points = readPoints(message, limits);
          const options = { wait: readWait(message.wait), signal };
          return database.upsertPoints(collection, points, options);
        },
      });
    },
  };
  return { UpsertStream: method };
}

/** The methods that change the points of a selector. */
function selectedWrites(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection } = setting;

  interface SelectedWrite {
    readonly collection?: string | undefined;
    readonly selector?: wire.PointSelector | undefined;
    readonly wait?: wire.Wait | undefined;
  }

  const method = <Request extends SelectedWrite>(
    name: string,
    write: (
      message: Request,
      collection: string,
      selector: PointSelector,
      options: WriteOptions,
    ) => Promise<WriteResult>,
  ): Method<Request, wire.WriteResponse> => ({
    operation: `Points.${name}`,
    access: 'write',
    codec: codec.of(name),
    async handle(message, signal, stamp) {
      const selector = readSelector(message.selector, limits);
      const options = { wait: readWait(message.wait), signal, stamp };
      const collection = message.collection || defaultCollection;
      return written(await write(message, collection, selector, options));
    },
  });

  return {
    Delete: method<wire.DeleteRequest>('Delete', (_message, collection, selector, options) =>
      database.deletePoints(collection, selector, options),
    ),
    SetPayload: method<wire.SetPayloadRequest>(
      'SetPayload',
      async (message, collection, selector, options) => {
        const payload = readPayload(message.payloadJson);
        if (payload.length === 0) throw invalidField('payload_json', 'is required');
        return database.setPayload(collection, selector, payload, options);
      },
    ),
    OverwritePayload: method<wire.SetPayloadRequest>(
      'OverwritePayload',
      (message, collection, selector, options) =>
        database.overwritePayload(collection, selector, readPayload(message.payloadJson), options),
    ),
    DeletePayload: method<wire.DeletePayloadRequest>(
      'DeletePayload',
      (message, collection, selector, options) =>
        database.deletePayload(collection, selector, message.paths ?? [], options),
    ),
  };
}

function readPoints(message: wire.UpsertRequest, limits: ServiceSetting['limits']) {
  const points = message.points ?? [];
  if (points.length === 0) throw invalidField('points', 'is empty');
  checkAtMost(points.length, limits.batchPointsMax, 'points');
  return points.map((point, i) => readPoint(point, `points[${i}]`, limits));
}

function written(result: WriteResult): wire.WriteResponse {
  return { applied: result.status === 'applied', changed: result.changed };
}

const asValues = (
  message: { readonly vectors?: wire.VectorSelector | undefined } | undefined,
): boolean => message?.vectors?.asValues === true;
