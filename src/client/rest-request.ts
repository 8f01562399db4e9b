import { unreachable } from '../base/unreachable.ts';
import type { ClientPoint, ClientRequest, ClientSearch, SelectFields } from './client-request.ts';

/** A request as REST takes it; `body` is JSON once it is written. */
export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

/** Where a request goes, and what it says there. */
export function restRequestOf(request: ClientRequest): RestRequest {
  const post = (path: string, body: object): RestRequest => ({ method: 'POST', path, body });
  switch (request.kind) {
    case 'openSession':
      return post('/sessions', {});
    case 'upsert': {
      const { collection, points } = request;
      return post('/vectors', { collection, points: points.map(pointOf) });
    }
    case 'delete': {
      const { collection, selector } = request;
      return post('/vectors/delete', { collection, ...selector });
    }
    case 'setPayload':
    case 'overwritePayload': {
      const { kind, collection, selector, payload } = request;
      const body = { collection, ...selector, payload };
      return { method: kind === 'setPayload' ? 'POST' : 'PUT', path: '/vectors/payload', body };
    }
    case 'get':
      return post('/vectors/get', { ids: request.ids, ...readOf(request), ...selectOf(request) });
    case 'search':
      return post('/vectors/search', { ...searchOf(request), ...readOf(request) });
    case 'searchBatch':
      return post('/vectors/search/batch', {
        searches: request.searches.map(searchOf),
        ...readOf(request),
      });
    case 'scroll': {
      const { filter, from, limit } = request;
      const page = { filter, from, limit, ...readOf(request), ...selectOf(request) };
      return post('/vectors/scroll', page);
    }
    case 'count':
      return post('/vectors/count', { filter: request.filter, ...readOf(request) });
    case 'collections':
      return { method: 'GET', path: '/admin/collections' };
    case 'clusterInfo':
      return { method: 'GET', path: '/cluster/info' };
    default:
      return unreachable(request);
  }
}

function pointOf({ id, vector, vectors, payload }: ClientPoint): object {
  return { id, vector, vectors, payload };
}

function searchOf(search: ClientSearch): object {
  const { vector, using, limit, offset, filter, scoreThreshold, ef, exact } = search;
  const fields = { vector, using, limit, offset, filter, ef, exact };
  return { ...fields, score_threshold: scoreThreshold, ...selectOf(search) };
}

function selectOf({ withPayload, withVectors }: SelectFields): object {
  return { with_payload: withPayload, with_vector: withVectors };
}

function readOf(request: {
  readonly collection?: string | undefined;
  readonly consistency?: string | undefined;
  readonly allowPartial?: boolean | undefined;
}): object {
  const { collection, consistency, allowPartial } = request;
  return { collection, consistency, allow_partial: allowPartial };
}
