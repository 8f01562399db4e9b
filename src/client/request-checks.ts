import { VectorDbError } from '../base/error.ts';
import { assertPointId } from '../base/point-id.ts';
import type { ClientPoint, ClientRequest, ClientSearch, ClientSelector } from './client-request.ts';

/** What messages have room for; nodes have limits of their own. */
export const INTEGER_MAX = 0xffff_ffff;

/**
 * Looks for what cannot be sent as it is meant: messages have so many bits for a number, and would take what does not fit for another one. The same for both
 * interfaces; all else is the node's to say.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT
 */
export function checkRequest(request: ClientRequest): void {
  switch (request.kind) {
    case 'upsert':
      checkList(request.points, 'points');
      request.points.forEach((point, i) => checkPoint(point, `points[${i}]`));
      return;
    case 'delete':
      return checkSelector(request.selector);
    case 'setPayload':
    case 'overwritePayload':
      checkObject(request.payload, 'payload');
      return checkSelector(request.selector);
    case 'get':
      return checkIds(request.ids);
    case 'search':
      return checkSearch(request, '');
    case 'searchBatch':
      checkList(request.searches, 'searches');
      request.searches.forEach((search, i) => checkSearch(search, `searches[${i}].`));
      return;
    case 'scroll':
      checkCount(request.limit, 'limit');
      checkFilter(request.filter, 'filter');
      if (request.from !== undefined) assertPointId(request.from, 'from');
      return;
    case 'count':
      return checkFilter(request.filter, 'filter');
    case 'openSession':
    case 'collections':
    case 'clusterInfo':
  }
}

/** @throws {VectorDbError} INVALID_ARGUMENT: it is no number of milliseconds */
export function checkTimeout(timeoutMs: unknown, field = 'timeoutMs'): void {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs > 0)) return;
  throw invalid(field, 'a number of milliseconds above 0 is needed');
}

function checkPoint(point: ClientPoint, field: string): void {
  checkObject(point, field);
  const { id, vector, vectors, payload } = point;
  assertPointId(id, `${field}.id`);
  if (vector !== undefined) checkVector(vector, `${field}.vector`);
  if (vectors !== undefined) {
    checkObject(vectors, `${field}.vectors`);
    for (const [name, numbers] of Object.entries(vectors)) {
      checkVector(numbers, `${field}.vectors.${name}`);
    }
  }
  if ((payload ?? undefined) !== undefined) checkObject(payload, `${field}.payload`);
}

function checkSearch(search: ClientSearch, prefix: string): void {
  checkObject(search, prefix.slice(0, -1) || 'search');
  checkVector(search.vector, `${prefix}vector`);
  checkCount(search.limit, `${prefix}limit`);
  checkCount(search.offset, `${prefix}offset`);
  checkCount(search.ef, `${prefix}ef`);
  checkFilter(search.filter, `${prefix}filter`);
}

function checkSelector(selector: ClientSelector): void {
  checkObject(selector, 'selector');
  const { ids, filter } = selector as { readonly ids?: unknown; readonly filter?: unknown };
  if ((ids === undefined) === (filter === undefined)) {
    throw invalid(
      'ids',
      ids === undefined ? 'ids or a filter is needed' : 'either ids or a filter, not both',
    );
  }
  if (ids === undefined) checkFilter(filter, 'filter');
  else checkIds(ids);
}

function checkIds(ids: unknown): void {
  checkList(ids, 'ids');
  ids.forEach((id, i) => assertPointId(id, `ids[${i}]`));
}

function checkVector(vector: unknown, field: string): void {
  if (vector instanceof Float32Array) return;
  const isNumbers = Array.isArray(vector) && vector.every((number) => typeof number === 'number');
  if (!isNumbers) throw invalid(field, 'a Float32Array or a list of numbers is needed');
}

function checkCount(count: unknown, field: string): void {
  if (count === undefined) return;
  if (Number.isInteger(count) && (count as number) >= 0 && (count as number) <= INTEGER_MAX) return;
  throw invalid(field, `an integer from 0 to ${INTEGER_MAX} is needed`);
}

function checkFilter(filter: unknown, field: string): void {
  if (filter !== undefined) checkObject(filter, field);
}

function checkObject(value: unknown, field: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(field, 'an object is needed');
}

function checkList(value: unknown, field: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(field, 'a list is needed');
}

function invalid(field: string, what: string): VectorDbError {
  return new VectorDbError('INVALID_ARGUMENT', `${field}: ${what}`, { field });
}
