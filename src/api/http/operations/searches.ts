import type { Limits } from '../../../database/limits.ts';
import type { SearchRequest, SearchResult } from '../../../database/vector-database.ts';
import { searchAnswers, searchSchemas } from '../../schemas/search-schemas.ts';
import type { SearchBody } from '../../schemas/search-schemas.ts';
import { operation } from '../operation.ts';
import type { Operation, OperationSetting } from '../operation.ts';
import { endWithMissing, writeSearchResult } from '../point-writer.ts';
import { collectionOf, requestedRead, selectorsOf } from '../request-fields.ts';

const LIMIT_DEFAULT = 10;
const shared = { access: 'read', tag: 'search' } as const;

/** Operations that find the nearest points. */
export function searches(limits: Limits): readonly Operation[] {
  return [search(limits), searchBatch(limits)];
}

function search(limits: Limits): Operation {
  return operation({
    ...shared,
    id: 'search',
    method: 'POST',
    url: '/vectors/search',
    summary: 'Find the points nearest to a vector',
    body: searchSchemas(limits).search,
    answers: { 200: searchAnswers.results },
    async handle({ body, signal }, setting) {
      const request = requestOf(body, body.collection, '', setting);
      const read = requestedRead(body, signal);
      const result = await setting.database.search(request, read.options);
      writeSearchResult(setting.writer.begin(), result, request.select, read.missingShards);
      return { status: 200, body: setting.writer.take() };
    },
  });
}

function searchBatch(limits: Limits): Operation {
  return operation({
    ...shared,
    id: 'searchBatch',
    method: 'POST',
    url: '/vectors/search/batch',
    summary: 'Several searches in one request',
    description:
      'The answers are in the order of `searches`. A search may name its own collection.',
    body: searchSchemas(limits).batch,
    answers: { 200: searchAnswers.batch },
    async handle({ body, signal }, setting) {
      const requests = body.searches.map((one, index) =>
        requestOf(one, one.collection ?? body.collection, `searches[${index}].`, setting),
      );
      const read = requestedRead(body, signal);
      const results = await setting.database.searchBatch(requests, read.options);
      const { writer } = setting;
      writer.begin().raw('{"searches":[');
      for (const [index, request] of requests.entries()) {
        if (index > 0) writer.raw(',');
        writeSearchResult(writer, results[index] as SearchResult, request.select);
      }
      endWithMissing(writer.raw(']'), read.missingShards);
      return { status: 200, body: writer.take() };
    },
  });
}

function requestOf(
  body: SearchBody,
  collection: string | undefined,
  prefix: string,
  setting: OperationSetting,
): SearchRequest {
  return {
    collection: collectionOf(collection, setting),
    vector: body.vector,
    ...(body.using === undefined ? {} : { using: body.using }),
    limit: body.limit ?? LIMIT_DEFAULT,
    ...(body.offset === undefined ? {} : { offset: body.offset }),
    ...(body.filter === undefined
      ? {}
      : { filter: setting.readFilter(body.filter, `${prefix}filter`) }),
    ...(body.score_threshold === undefined ? {} : { scoreThreshold: body.score_threshold }),
    ...(body.ef === undefined ? {} : { ef: body.ef }),
    ...(body.exact === undefined ? {} : { exact: body.exact }),
    select: selectorsOf(body),
    ...(body.explain === undefined ? {} : { explain: body.explain }),
  };
}
