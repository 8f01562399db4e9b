import { VectorDbError } from '../../src/base/error.ts';
import { decodePointId, encodePointId, pointKeyText } from '../../src/base/point-id.ts';
import type { PointId } from '../../src/base/point-id.ts';
import { DEFAULT_LIMITS } from '../../src/database/limits.ts';
import type { Limits } from '../../src/database/limits.ts';
import type {
  AliasAction,
  CollectionDescription,
  Consistency,
  CountRequest,
  CreateCollection,
  DatabaseStatus,
  PointInput,
  PointSelector,
  ReadOptions,
  ScoredPoint,
  ScrollPage,
  ScrollRequest,
  SearchRequest,
  SearchResult,
  Selectors,
  StoredPoint,
  VectorConfig,
  VectorDatabase,
  WriteOptions,
  WriteResult,
} from '../../src/database/vector-database.ts';
import type {
  PayloadIndexSchema,
  Quantization,
  VectorSchema,
} from '../../src/index/collection-schema.ts';
import { compareScores } from '../../src/index/distance.ts';
import { checkPayload } from '../../src/index/payload/payload-validation.ts';
import type { Distance } from '../../src/index/distance.ts';
import type { PayloadJson } from '../../src/storage/point-record.ts';
import { passesFilter } from './memory-filter.ts';

interface MemoryPoint {
  readonly keyText: string;
  readonly version: number;
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: PayloadJson;
}

interface MemoryCollection {
  readonly number: number;
  readonly name: string;
  readonly vectors: Readonly<Record<string, VectorSchema>>;
  readonly payloadIndexes: Map<string, PayloadIndexSchema>;
  readonly points: Map<string, MemoryPoint>;
  version: number;
}

interface MemorySession {
  respondedUpTo: number;
  readonly answers: Map<number, WriteResult>;
}

const EMPTY: PayloadJson = new Uint8Array(0);

/** A whole vector database in a few maps: exact, slow, for tests of the edges. It does what the port says and keeps nothing. */
export class MemoryDatabase implements VectorDatabase {
  readonly #limits: Limits;
  readonly #collections = new Map<string, MemoryCollection>();
  readonly #aliases = new Map<string, string>();
  readonly #sessions = new Map<string, MemorySession>();
  #nextNumber = 1;
  /** What every operation throws instead of answering, while set. */
  failure: Error | undefined;
  /** What every point operation waits for before it answers, while set; an aborted signal ends the wait. */
  gate: Promise<void> | undefined;
  state: DatabaseStatus | undefined;
  /** Shards that reads find missing. */
  missingShards: readonly number[] = [];
  /** What the latest read asked for. */
  lastConsistency: Consistency | undefined;
  /** Operations that wait at the gate. */
  waiting = 0;

  constructor(options: { readonly limits?: Limits } = {}) {
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  /** A text that is the same exactly where all that is kept is the same. */
  fingerprint(): string {
    const collections = [...this.#collections.values()].map((collection) => ({
      ...collection,
      payloadIndexes: [...collection.payloadIndexes],
      points: [...collection.points.values()].map((point) => ({
        ...point,
        payload: Buffer.from(point.payload).toString(),
        vectors: Object.entries(point.vectors).map(([name, vector]) => [name, [...vector]]),
      })),
    }));
    return JSON.stringify([collections, [...this.#aliases]]);
  }

  async status(): Promise<DatabaseStatus> {
    if (this.failure) throw this.failure;
    let points = 0;
    for (const collection of this.#collections.values()) points += collection.points.size;
    return (
      this.state ?? {
        ready: true,
        reasons: [],
        collections: this.#collections.size,
        points,
        writable: true,
      }
    );
  }

  async createCollection(request: CreateCollection): Promise<void> {
    await this.#enter();
    if (this.#collections.has(request.name) || this.#aliases.has(request.name)) {
      throw new VectorDbError('ALREADY_EXISTS', `there is a collection ${request.name} already`, {
        field: 'name',
      });
    }
    this.#collections.set(request.name, {
      number: this.#nextNumber,
      name: request.name,
      vectors: Object.fromEntries(
        Object.entries(request.vectors).map(([name, config]) => [name, schemaOf(config)]),
      ),
      payloadIndexes: new Map(),
      points: new Map(),
      version: 0,
    });
    this.#nextNumber += 1;
  }

  async dropCollection(name: string): Promise<boolean> {
    await this.#enter();
    for (const [alias, collection] of this.#aliases) {
      if (collection === name) this.#aliases.delete(alias);
    }
    return this.#collections.delete(name);
  }

  async describeCollection(name: string): Promise<CollectionDescription> {
    await this.#enter();
    const collection = this.#find(name);
    const { number, vectors, payloadIndexes } = collection;
    return {
      schema: {
        number,
        name: collection.name,
        vectors,
        payloadIndexes: Object.fromEntries(payloadIndexes),
      },
      aliases: [...this.#aliases].filter(([, to]) => to === collection.name).map(([from]) => from),
      state: 'ready',
      points: collection.points.size,
      segments: [{ kind: 'growing', rows: collection.points.size, deletedRows: 0, bytes: 0 }],
    };
  }

  async listCollections(): Promise<readonly CollectionDescription[]> {
    await this.#enter();
    return Promise.all([...this.#collections.keys()].map((name) => this.describeCollection(name)));
  }

  async updateAliases(actions: readonly AliasAction[]): Promise<void> {
    await this.#enter();
    const aliases = new Map(this.#aliases);
    for (const [index, action] of actions.entries()) {
      this.#applyAlias(aliases, action, `actions[${index}]`);
    }
    this.#aliases.clear();
    for (const [alias, collection] of aliases) this.#aliases.set(alias, collection);
  }

  async listAliases(): Promise<readonly { readonly alias: string; readonly collection: string }[]> {
    await this.#enter();
    return [...this.#aliases].map(([alias, collection]) => ({ alias, collection }));
  }

  async createPayloadIndex(
    collection: string,
    field: string,
    schema: PayloadIndexSchema,
  ): Promise<void> {
    await this.#enter();
    this.#find(collection).payloadIndexes.set(field, schema);
  }

  async dropPayloadIndex(collection: string, field: string): Promise<boolean> {
    await this.#enter();
    return this.#find(collection).payloadIndexes.delete(field);
  }

  async optimizeCollection(name: string, signal?: AbortSignal): Promise<void> {
    await this.#enter(signal);
    this.#find(name);
  }

  async upsertPoints(
    collection: string,
    points: readonly PointInput[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    await this.#enter(options.signal);
    const target = this.#find(collection);
    const keys = points.map((point, index) => this.#check(target, point, `points[${index}]`));
    return this.#once(options, () => {
      target.version += 1;
      for (const [index, point] of points.entries()) {
        const keyText = keys[index] as string;
        target.points.set(keyText, {
          keyText,
          version: target.version,
          vectors: Object.fromEntries(
            Object.entries(point.vectors).map(([name, vector]) => [
              name,
              normalized(target.vectors[name]?.distance, vector),
            ]),
          ),
          payload: point.payload.slice(),
        });
      }
      return written(options, points.length);
    });
  }

  async deletePoints(
    collection: string,
    selector: PointSelector,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    await this.#enter(options.signal);
    const target = this.#find(collection);
    return this.#once(options, () => {
      const selected = this.#select(target, selector);
      for (const point of selected) target.points.delete(point.keyText);
      return written(options, selected.length);
    });
  }

  async setPayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    this.#checkPayload(payload, 'payload');
    return this.#changePayload(collection, selector, options, (old) =>
      encodePayload({ ...decodePayload(old), ...decodePayload(payload) }),
    );
  }

  async overwritePayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    this.#checkPayload(payload, 'payload');
    return this.#changePayload(collection, selector, options, () => payload.slice());
  }

  async deletePayload(
    collection: string,
    selector: PointSelector,
    paths: readonly string[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.#changePayload(collection, selector, options, (old) =>
      paths.length === 0 ? EMPTY : project(old, { exclude: paths }),
    );
  }

  async getPoints(
    collection: string,
    ids: readonly PointId[],
    select: Selectors,
    options: ReadOptions = {},
  ): Promise<readonly StoredPoint[]> {
    await this.#enterRead(options);
    const target = this.#find(collection);
    const keys = new Set(ids.map((id, index) => this.#key(id, `ids[${index}]`)));
    const found: StoredPoint[] = [];
    for (const key of keys) {
      const point = target.points.get(key);
      if (point) found.push(stored(point, select));
    }
    return found;
  }

  async scroll(request: ScrollRequest, options: ReadOptions = {}): Promise<ScrollPage> {
    await this.#enterRead(options);
    const target = this.#find(request.collection);
    const from = request.from === undefined ? '' : this.#key(request.from, 'from');
    const page = matching(target, request.filter)
      .filter((point) => point.keyText >= from)
      .toSorted((a, b) => (a.keyText < b.keyText ? -1 : 1));
    const next = page[request.limit];
    return {
      points: page.slice(0, request.limit).map((point) => stored(point, request.select)),
      ...(next ? { next: idOf(next) } : {}),
    };
  }

  async count(request: CountRequest, options: ReadOptions = {}): Promise<number> {
    await this.#enterRead(options);
    return matching(this.#find(request.collection), request.filter).length;
  }

  async search(request: SearchRequest, options: ReadOptions = {}): Promise<SearchResult> {
    await this.#enterRead(options);
    const target = this.#find(request.collection);
    const using = request.using ?? '';
    const schema = Object.hasOwn(target.vectors, using) ? target.vectors[using] : undefined;
    if (!schema) throw unknownVector(using, 'using');
    checkDimension(schema, request.vector, 'vector');
    const query = normalized(schema.distance, request.vector);
    const hits: { point: MemoryPoint; score: number }[] = [];
    for (const point of matching(target, request.filter)) {
      const vector = point.vectors[using];
      if (!vector) continue;
      const score = scoreOf(schema.distance, query, vector);
      const threshold = request.scoreThreshold;
      if (threshold !== undefined && compareScores(schema.distance, score, threshold) > 0) continue;
      hits.push({ point, score });
    }
    hits.sort(
      (a, b) =>
        compareScores(schema.distance, a.score, b.score) ||
        (a.point.keyText < b.point.keyText ? -1 : 1),
    );
    const offset = request.offset ?? 0;
    const points: ScoredPoint[] = hits
      .slice(offset, offset + request.limit)
      .map(({ point, score }) => ({ ...stored(point, request.select), score }));
    if (!request.explain) return { points };
    return {
      points,
      explanation: {
        segments: [
          {
            kind: 'growing',
            rows: target.points.size,
            strategy: 'exact',
            indexed: [],
            unindexed: [],
            candidates: hits.length,
            rescored: hits.length,
          },
        ],
      },
    };
  }

  async searchBatch(
    requests: readonly SearchRequest[],
    options: ReadOptions = {},
  ): Promise<readonly SearchResult[]> {
    return Promise.all(requests.map((request) => this.search(request, options)));
  }

  async openSession(signal?: AbortSignal): Promise<string> {
    await this.#enter(signal);
    const session = `session-${this.#sessions.size + 1}`;
    this.#sessions.set(session, { respondedUpTo: 0, answers: new Map() });
    return session;
  }

  /** Forgets all sessions, as a cluster does that has too many. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  /** The write's result, or that of an earlier attempt. @throws {VectorDbError} SESSION_EXPIRED */
  #once(options: WriteOptions, write: () => WriteResult): WriteResult {
    const { stamp } = options;
    if (stamp === undefined) return write();
    const session = this.#sessions.get(stamp.session);
    if (session === undefined || stamp.sequence <= session.respondedUpTo) {
      throw new VectorDbError('SESSION_EXPIRED', 'the session, or its answer, is forgotten');
    }
    session.respondedUpTo = Math.max(session.respondedUpTo, stamp.respondedUpTo);
    for (const sequence of session.answers.keys()) {
      if (sequence <= session.respondedUpTo) session.answers.delete(sequence);
    }
    const answer = session.answers.get(stamp.sequence) ?? write();
    session.answers.set(stamp.sequence, answer);
    return answer;
  }

  async #enterRead({ signal, consistency, onMissingShards }: ReadOptions): Promise<void> {
    this.lastConsistency = consistency;
    await this.#enter(signal);
    if (this.missingShards.length === 0) return;
    if (onMissingShards === undefined) {
      throw new VectorDbError(
        'UNAVAILABLE',
        `shards ${this.missingShards.join(', ')} have no leader`,
      );
    }
    onMissingShards(this.missingShards);
  }

  async #enter(signal?: AbortSignal): Promise<void> {
    if (this.failure) throw this.failure;
    signal?.throwIfAborted();
    if (!this.gate) return;
    const aborted = Promise.withResolvers<never>();
    const refuse = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', refuse);
    this.waiting += 1;
    try {
      await Promise.race([this.gate, aborted.promise]);
    } finally {
      this.waiting -= 1;
      signal?.removeEventListener('abort', refuse);
    }
  }

  async #changePayload(
    collection: string,
    selector: PointSelector,
    options: WriteOptions,
    change: (old: PayloadJson) => PayloadJson,
  ): Promise<WriteResult> {
    await this.#enter(options.signal);
    const target = this.#find(collection);
    return this.#once(options, () => {
      const selected = this.#select(target, selector);
      target.version += 1;
      for (const point of selected) {
        const payload = change(point.payload);
        target.points.set(point.keyText, { ...point, version: target.version, payload });
      }
      return written(options, selected.length);
    });
  }

  #find(name: string): MemoryCollection {
    const collection = this.#collections.get(this.#aliases.get(name) ?? name);
    if (collection) return collection;
    throw new VectorDbError('COLLECTION_NOT_FOUND', `there is no collection ${name}`, {
      field: 'collection',
    });
  }

  #key(id: PointId, field: string): string {
    return pointKeyText(encodePointId(id, field, this.#limits.idBytesMax));
  }

  #check(collection: MemoryCollection, point: PointInput, field: string): string {
    this.#checkPayload(point.payload, `${field}.payload`);
    for (const [name, vector] of Object.entries(point.vectors)) {
      const path = name === '' ? `${field}.vector` : `${field}.vectors.${name}`;
      const schema = Object.hasOwn(collection.vectors, name) ? collection.vectors[name] : undefined;
      if (!schema) throw unknownVector(name, path);
      checkDimension(schema, vector, path);
    }
    return this.#key(point.id, `${field}.id`);
  }

  #checkPayload(payload: PayloadJson, field: string): void {
    if (payload.length === 0) return;
    const { payloadBytesMax: bytesMax, payloadDepthMax: depthMax } = this.#limits;
    checkPayload(payload, { bytesMax, depthMax }, field);
  }

  #select(collection: MemoryCollection, selector: PointSelector): MemoryPoint[] {
    if (selector.kind === 'filter') return matching(collection, selector.filter);
    const keys = new Set(selector.ids.map((id, index) => this.#key(id, `ids[${index}]`)));
    return [...keys].flatMap((key) => collection.points.get(key) ?? []);
  }

  #applyAlias(aliases: Map<string, string>, action: AliasAction, field: string): void {
    if (action.kind === 'create') {
      const { name } = this.#find(action.collection);
      if (this.#collections.has(action.alias)) {
        throw new VectorDbError('ALREADY_EXISTS', `${action.alias} is a collection`, { field });
      }
      aliases.set(action.alias, name);
      return;
    }
    const collection = aliases.get(action.alias);
    if (collection === undefined) {
      throw new VectorDbError('COLLECTION_NOT_FOUND', `there is no alias ${action.alias}`, {
        field,
      });
    }
    aliases.delete(action.alias);
    if (action.kind === 'rename') aliases.set(action.newAlias, collection);
  }
}

function schemaOf(config: VectorConfig): VectorSchema {
  const { dimension, distance } = config;
  const quantization: Quantization = config.quantization ?? (dimension >= 256 ? 'binary' : 'int8');
  return {
    dimension,
    distance,
    quantization,
    m: config.m ?? 32,
    efConstruction: config.efConstruction ?? 400,
    efSearch: config.efSearch ?? 200,
  };
}

function matching(collection: MemoryCollection, filter: SearchRequest['filter']): MemoryPoint[] {
  const points = [...collection.points.values()];
  if (!filter) return points;
  return points.filter((point) =>
    passesFilter(filter, { ...point, payload: decodePayload(point.payload) }),
  );
}

function checkDimension(schema: VectorSchema, vector: Float32Array, field: string): void {
  if (vector.length !== schema.dimension) {
    throw new VectorDbError(
      'DIMENSION_MISMATCH',
      `${field}: the collection has vectors of ${schema.dimension} numbers, not ${vector.length}`,
      { field },
    );
  }
  if (!vector.every(Number.isFinite)) {
    throw new VectorDbError('INVALID_VECTOR', `${field}: a number is not finite`, { field });
  }
  if (schema.distance === 'cosine' && vector.every((value) => value === 0)) {
    throw new VectorDbError('INVALID_VECTOR', `${field}: zero has no direction`, { field });
  }
}

function unknownVector(name: string, field: string): VectorDbError {
  const what = name === '' ? 'no unnamed vector' : `no vector named ${name}`;
  return new VectorDbError('INVALID_ARGUMENT', `${field}: the collection has ${what}`, { field });
}

function normalized(distance: Distance | undefined, vector: Float32Array): Float32Array {
  if (distance !== 'cosine') return vector.slice();
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function scoreOf(distance: Distance, a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (distance === 'euclid') total += (x - y) ** 2;
    else if (distance === 'manhattan') total += Math.abs(x - y);
    else total += x * y;
  }
  return Math.fround(distance === 'euclid' ? Math.sqrt(total) : total);
}

function idOf(point: MemoryPoint): PointId {
  return decodePointId(Buffer.from(point.keyText, 'latin1'));
}

function stored(point: MemoryPoint, select: Selectors): StoredPoint {
  const wanted = select.vectors;
  const vectors = wanted === true ? Object.keys(point.vectors) : wanted;
  return {
    id: idOf(point),
    version: point.version,
    payload: project(point.payload, select.payload),
    ...(vectors === false
      ? {}
      : {
          vectors: Object.fromEntries(
            vectors.flatMap((name) => {
              const vector = Object.hasOwn(point.vectors, name) && point.vectors[name];
              return vector ? [[name, vector]] : [];
            }),
          ),
        }),
  };
}

function project(payload: PayloadJson, select: Selectors['payload']): PayloadJson {
  if (select === true || payload.length === 0) return payload;
  if (select === false) return EMPTY;
  const entries = Object.entries(decodePayload(payload));
  const kept =
    'include' in select
      ? entries.filter(([key]) => select.include.includes(key))
      : entries.filter(([key]) => !select.exclude.includes(key));
  return encodePayload(Object.fromEntries(kept));
}

function decodePayload(payload: PayloadJson): Record<string, unknown> {
  return payload.length === 0
    ? {}
    : (JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>);
}

function encodePayload(payload: Record<string, unknown>): PayloadJson {
  return Buffer.from(JSON.stringify(payload));
}

function written(options: WriteOptions, changed: number): WriteResult {
  return options.wait === 'accepted'
    ? { status: 'accepted', changed: 0 }
    : { status: 'applied', changed };
}
