import { encodePointId } from '../../base/point-id.ts';
import type { PointId } from '../../base/point-id.ts';
import type {
  Consistency,
  PointSelector,
  Selectors,
  WriteOptions,
} from '../../database/vector-database.ts';
import { checkName, invalidField } from '../request-checks.ts';
import { RequestedRead } from '../requested-read.ts';
import type { OperationRequest, OperationSetting } from './operation.ts';
import type { QueryParameter, QueryTable, QueryValues } from './query-reader.ts';
import type { Limits } from '../../database/limits.ts';

type WithPayload =
  | boolean
  | readonly string[]
  | { readonly include: readonly string[] }
  | { readonly exclude: readonly string[] }
  | undefined;

/** The collection that a request is about. @throws {VectorDbError} LIMIT_EXCEEDED */
export function collectionOf(name: string | undefined, setting: OperationSetting): string {
  if (name === undefined) return setting.defaultCollection;
  return checkedName(name, 'collection', setting.limits);
}

/** The name, where it can be one of a collection, alias, vector or field. @throws {VectorDbError} LIMIT_EXCEEDED, INVALID_ARGUMENT */
export function checkedName(name: string, field: string, limits: Limits): string {
  checkName(name, field, limits.nameBytesMax);
  return name;
}

/** Exactly one of `ids` and `filter`. @throws {VectorDbError} INVALID_ARGUMENT, INVALID_FILTER */
export function pointSelectorOf(
  body: { readonly ids?: readonly PointId[]; readonly filter?: unknown },
  setting: OperationSetting,
): PointSelector {
  const { ids, filter } = body;
  if (ids !== undefined && filter !== undefined) {
    throw invalidField('filter', 'either ids or a filter, not both');
  }
  if (ids !== undefined) return { kind: 'ids', ids };
  if (filter === undefined) {
    throw invalidField('ids', 'ids or a filter is needed');
  }
  return { kind: 'filter', filter: setting.readFilter(filter, 'filter') };
}

/** What of each point a body asks for. */
export function selectorsOf(body: {
  readonly with_payload?: WithPayload;
  readonly with_vector?: boolean | readonly string[];
}): Selectors {
  const { with_payload: payload = true, with_vector: vectors = false } = body;
  return {
    payload: isArray(payload) ? { include: payload } : payload,
    vectors,
  };
}

function isArray(value: NonNullable<WithPayload>): value is readonly string[] {
  return Array.isArray(value);
}

/** How long a write is waited for, and which one it is. */
export function writeOptionsOf(
  wait: boolean | undefined,
  { signal, stamp }: Pick<OperationRequest<unknown>, 'signal' | 'stamp'>,
): WriteOptions {
  return { wait: wait === false ? 'accepted' : 'applied', signal, stamp };
}

/** How a body asks to be read. */
export function requestedRead(
  body: {
    readonly consistency?: Consistency | undefined;
    readonly allow_partial?: boolean | undefined;
  },
  signal: AbortSignal,
): RequestedRead {
  const { consistency, allow_partial: allowPartial } = body;
  return new RequestedRead({ consistency, allowPartial, signal });
}

/** Parameters of requests that have no body. */
export const collectionParameter: QueryParameter = {
  kind: 'text',
  description: 'A collection or alias; absent: the default collection.',
  bytesMax: 4096,
};

/** How an id in a path is meant. */
export const pathIdTable: QueryTable = {
  collection: collectionParameter,
  id_type: {
    kind: 'choice',
    description:
      'How the id in the path is meant; absent: as a string, or as an integer where it has only digits and there is no such string id. A deletion needs it where there are both.',
    choices: ['string', 'integer'],
  },
};

/** The ids that a path may mean, the more likely one first. @throws {VectorDbError} INVALID_ARGUMENT, LIMIT_EXCEEDED */
export function pathIds(
  text: string,
  query: QueryValues,
  idBytesMax: number,
): readonly [PointId, ...PointId[]] {
  encodePointId(text, 'id', idBytesMax);
  const integer = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
  const isInteger = integer !== undefined && integer <= 0xffff_ffff_ffff_ffffn;
  const id = isInteger
    ? integer <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(integer)
      : integer
    : undefined;
  if (query['id_type'] === 'integer') {
    if (id === undefined) {
      throw invalidField('id', 'is no integer between 0 and 2^64-1');
    }
    return [id];
  }
  return query['id_type'] === 'string' || id === undefined ? [text] : [text, id];
}
