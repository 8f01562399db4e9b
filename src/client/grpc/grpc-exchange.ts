import { unreachable } from '../../base/unreachable.ts';
import { parseFilter } from '../../index/filter/filter-parser.ts';
import type {
  ClientPayload,
  ClientPoint,
  ClientRequest,
  ClientSearch,
  ClientSelector,
  ClientVector,
  FoundPoint,
  ReadFields,
  ScoredAnswer,
  SelectFields,
} from '../client-request.ts';
import { writeJson } from '../write-json.ts';
import { filterMessage } from './filter-message.ts';
import type { CallOptions, GrapeCaller } from './grape-connection.ts';
import type {
  FilterMessage,
  PointInputMessage,
  ScoredPointMessage,
  SearchRequestMessage,
  SelectorMessage,
  StoredPointMessage,
  VectorMessage,
} from './grape-messages.ts';
import { idFromMessage, idMessage, vectorFromMessage, vectorMessage } from './point-message.ts';

/** The node has limits of its own. */
const NO_LIMITS = {
  filterConditionsMax: Number.POSITIVE_INFINITY,
  filterDepthMax: Number.POSITIVE_INFINITY,
  filterValuesMax: Number.POSITIVE_INFINITY,
  idBytesMax: Number.POSITIVE_INFINITY,
};
const CONSISTENCY = { linearizable: 'CONSISTENCY_LINEARIZABLE', local: 'CONSISTENCY_LOCAL' };

/** A client's requests as messages of `grape.v1`, and the answers as clients are told them. */
export class GrpcExchange {
  readonly #caller: GrapeCaller;

  constructor(caller: GrapeCaller) {
    this.#caller = caller;
  }

  /** Resolves with the answer of the request's kind. @throws {VectorDbError} */
  async ask(request: ClientRequest, options: CallOptions): Promise<object> {
    switch (request.kind) {
      case 'openSession':
        return this.#caller.call('Points.OpenSession', {}, options);
      case 'upsert':
      case 'delete':
      case 'setPayload':
      case 'overwritePayload':
        return this.#write(request, options);
      case 'collections': {
        const { collections } = await this.#caller.call('Collections.List', {}, options);
        return {
          collections: collections.map(({ name, points, state, aliases }) => ({
            name,
            points: Number(points),
            state: word(state, 'COLLECTION_STATE_'),
            aliases,
          })),
        };
      }
      case 'clusterInfo': {
        const info = await this.#caller.call('Cluster.Info', {}, options);
        const { clusterId, nodeId, leader, term, health, reasons } = info;
        return {
          clusterId,
          nodeId,
          ...(leader === undefined ? {} : { leader }),
          term: Number(term),
          health: word(health, 'CLUSTER_HEALTH_'),
          reasons,
          members: info.members.map((member) => ({
            nodeId: member.nodeId,
            state: word(member.state, 'MEMBER_STATE_'),
            status: word(member.status, 'NODE_STATUS_'),
          })),
        };
      }
      default:
        return this.#read(request, options);
    }
  }

  async #write(
    request: Extract<
      ClientRequest,
      { kind: 'upsert' | 'delete' | 'setPayload' | 'overwritePayload' }
    >,
    options: CallOptions,
  ): Promise<object> {
    const { collection = '' } = request;
    if (request.kind === 'upsert') {
      const points = request.points.map(pointMessage);
      const { changed } = await this.#caller.call('Points.Upsert', { collection, points }, options);
      return { changed: Number(changed) };
    }
    const selector = selectorMessage(request.selector);
    if (request.kind === 'delete') {
      const about = { collection, selector };
      const { changed } = await this.#caller.call('Points.Delete', about, options);
      return { changed: Number(changed) };
    }
    const method = request.kind === 'setPayload' ? 'SetPayload' : 'OverwritePayload';
    const payloadJson = payloadMessage(request.payload);
    const about = { collection, selector, payloadJson };
    const { changed } = await this.#caller.call(`Points.${method}`, about, options);
    return { changed: Number(changed) };
  }

  async #read(
    request: Extract<
      ClientRequest,
      { kind: 'get' | 'search' | 'searchBatch' | 'scroll' | 'count' }
    >,
    options: CallOptions,
  ): Promise<object> {
    const caller = this.#caller;
    const shared = readMessage(request);
    switch (request.kind) {
      case 'get': {
        const ids = request.ids.map(idMessage);
        const about = { ids, ...shared, ...selectMessage(request) };
        const { points, missingShards } = await caller.call('Points.Get', about, options);
        return { points: points.map(foundPoint), ...missing(missingShards) };
      }
      case 'search': {
        const about = { ...searchMessage(request), ...shared };
        const { points, missingShards } = await caller.call('Points.Search', about, options);
        return { results: points.map(scoredPoint), ...missing(missingShards) };
      }
      case 'searchBatch': {
        const about = { searches: request.searches.map(searchMessage), ...shared };
        const { results, missingShards } = await caller.call('Points.SearchBatch', about, options);
        const searches = results.map(({ points }) => ({ results: points.map(scoredPoint) }));
        return { searches, ...missing(missingShards) };
      }
      case 'scroll': {
        const { from, limit, filter } = request;
        const about = {
          ...shared,
          ...selectMessage(request),
          ...(limit === undefined ? {} : { limit }),
          ...(filter === undefined ? {} : { filter: readFilter(filter) }),
          ...(from === undefined ? {} : { from: idMessage(from) }),
        };
        const { points, next, missingShards } = await caller.call('Points.Scroll', about, options);
        const after = next === undefined || next === null ? {} : { next: idFromMessage(next) };
        return { points: points.map(foundPoint), ...after, ...missing(missingShards) };
      }
      case 'count': {
        const { filter } = request;
        const about = {
          ...shared,
          ...(filter === undefined ? {} : { filter: readFilter(filter) }),
        };
        const { count, missingShards } = await caller.call('Points.Count', about, options);
        return { count: Number(count), ...missing(missingShards) };
      }
      default:
        return unreachable(request);
    }
  }
}

const payloadMessage = (payload: ClientPayload): Buffer => Buffer.from(writeJson(payload));
const word = (name: string, prefix: string): string => name.slice(prefix.length).toLowerCase();
const missing = (shards: readonly number[] | undefined): object =>
  shards === undefined || shards.length === 0 ? {} : { missingShards: shards };
const readFilter = (filter: object): FilterMessage =>
  filterMessage(parseFilter(filter, { limits: NO_LIMITS }));

function readMessage({ collection = '', consistency, allowPartial = false }: ReadFields) {
  const wanted = consistency === undefined ? {} : { consistency: CONSISTENCY[consistency] };
  return { collection, allowPartial, ...wanted };
}

function selectMessage({ withPayload = true, withVectors = false }: SelectFields) {
  return { payload: { all: withPayload }, vectors: { all: withVectors } };
}

function searchMessage(search: ClientSearch): Omit<SearchRequestMessage, 'collection'> {
  const { vector, using, limit = 10, offset, filter, scoreThreshold, ef, exact } = search;
  return {
    vector: numbersMessage(vector),
    limit,
    ...(using === undefined ? {} : { using }),
    ...(offset === undefined ? {} : { offset }),
    ...(filter === undefined ? {} : { filter: readFilter(filter) }),
    ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
    ...(ef === undefined ? {} : { ef }),
    ...(exact === undefined ? {} : { exact }),
    ...selectMessage(search),
  };
}

function numbersMessage(vector: ClientVector): VectorMessage {
  return vectorMessage(vector instanceof Float32Array ? vector : Float32Array.from(vector));
}

function pointMessage({ id, vector, vectors = {}, payload }: ClientPoint): PointInputMessage {
  const all = vector === undefined ? vectors : { ...vectors, '': vector };
  return {
    id: idMessage(id),
    vectors: Object.fromEntries(
      Object.entries(all).map(([name, numbers]) => [name, numbersMessage(numbers)]),
    ),
    payloadJson: payload ? payloadMessage(payload) : new Uint8Array(0),
  };
}

function selectorMessage(selector: ClientSelector): SelectorMessage {
  return 'ids' in selector
    ? { ids: { ids: selector.ids.map(idMessage) } }
    : { filter: readFilter(selector.filter) };
}

function foundPoint(point: StoredPointMessage): FoundPoint {
  const named = Object.entries(point.vectors).map(
    ([name, message]) => [name, vectorFromMessage(message)] as const,
  );
  const unnamed = named.find(([name]) => name === '');
  const others = named.filter(([name]) => name !== '');
  const { payloadJson } = point;
  const payload =
    payloadJson.length === 0 ? {} : (JSON.parse(payloadJson.toString()) as Record<string, unknown>);
  return {
    id: idFromMessage(point.id),
    version: Number(point.version),
    payload,
    ...(unnamed === undefined ? {} : { vector: unnamed[1] }),
    ...(others.length === 0 ? {} : { vectors: Object.fromEntries(others) }),
  };
}

function scoredPoint(point: ScoredPointMessage): ScoredAnswer {
  return { ...foundPoint(point), score: point.score };
}
