import { VectorDbError } from '../base/error.ts';
import type {
  CollectionSchema,
  PayloadIndexSchema,
  VectorSchema,
} from '../index/collection-schema.ts';
import { defaultQuantization } from '../index/engine/engine-default.ts';
import { keyPathText, parseKeyPath } from '../index/payload/key-path.ts';
import type { CollectionCatalog } from './collection-catalog.ts';
import type { CollectionResolver } from './collection-resolver.ts';
import type { Limits } from './limits.ts';
import type {
  AliasAction,
  CollectionAdmin,
  CollectionDescription,
  CreateCollection,
  SegmentDescription,
  VectorConfig,
} from './vector-database.ts';

/** What a collection's index on this node holds. */
export interface IndexDescription {
  readonly points: number;
  readonly segments: readonly SegmentDescription[];
  readonly building: boolean;
}

/** The node's indexes, as the catalog's changes reach them. */
export interface IndexAdmin {
  /** A collection is new or its schema changed; resolves when searches use it. */
  adopt(schema: CollectionSchema): Promise<void>;
  drop(collection: number): Promise<void>;
  optimize(collection: number, signal?: AbortSignal): Promise<void>;
  describe(collection: number): Promise<IndexDescription>;
}

/** What a collection's vectors are made with where its creator does not say. */
export interface VectorDefaults {
  readonly m: number;
  readonly efConstruction: number;
  readonly efSearch: number;
}

export interface CollectionsOptions {
  readonly catalog: CollectionCatalog;
  readonly indexes: IndexAdmin;
  readonly limits: Limits;
  readonly defaults: VectorDefaults;
}

/** Creates, describes and drops collections. */
export class Collections implements CollectionAdmin, CollectionResolver {
  readonly #options: CollectionsOptions;

  constructor(options: CollectionsOptions) {
    this.#options = options;
  }

  find(name: string): CollectionSchema | Promise<CollectionSchema> {
    try {
      return this.#options.catalog.resolve(name);
    } catch (error) {
      if (!(error instanceof VectorDbError) || error.code !== 'COLLECTION_NOT_FOUND') throw error;
      return this.findFresh(name);
    }
  }

  findFresh(name: string): Promise<CollectionSchema> {
    return this.#options.catalog.resolveFresh(name);
  }

  async createCollection(request: CreateCollection): Promise<void> {
    const { catalog, indexes, limits } = this.#options;
    checkName(request.name, 'name', limits);
    checkAtMost(catalog.state.collections.size + 1, limits.collectionsMax, 'name', 'collections');
    const names = Object.keys(request.vectors);
    if (names.length === 0) {
      throw new VectorDbError('INVALID_ARGUMENT', 'vectors: a collection has at least one', {
        field: 'vectors',
      });
    }
    checkAtMost(names.length, limits.vectorsPerCollectionMax, 'vectors', 'named vectors');
    const vectors: Record<string, VectorSchema> = {};
    for (const [name, config] of Object.entries(request.vectors)) {
      if (name !== '') checkName(name, 'vectors', limits);
      vectors[name] = this.#vectorSchema(config, name === '' ? 'vectors' : `vectors.${name}`);
    }
    await catalog.propose({ kind: 'createCollection', name: request.name, vectors });
    // Someone else may have dropped it again meanwhile.
    const schema = catalog.state.collections.get(request.name);
    if (schema !== undefined) await indexes.adopt(schema);
  }

  async dropCollection(name: string): Promise<boolean> {
    const { catalog, indexes } = this.#options;
    const schema = catalog.state.collections.get(name);
    const { changed } = await catalog.propose({ kind: 'dropCollection', name });
    if (changed && schema !== undefined) await indexes.drop(schema.number);
    return changed;
  }

  async describeCollection(name: string): Promise<CollectionDescription> {
    return this.#describe(await this.find(name));
  }

  async listCollections(): Promise<readonly CollectionDescription[]> {
    const descriptions = await Promise.all(
      [...this.#options.catalog.state.collections.values()].map((schema) => this.#describe(schema)),
    );
    return descriptions.toSorted((a, b) => (a.schema.name < b.schema.name ? -1 : 1));
  }

  async updateAliases(actions: readonly AliasAction[]): Promise<void> {
    actions.forEach((action, i) => {
      if (action.kind === 'create')
        checkName(action.alias, `actions[${i}].alias`, this.#options.limits);
      if (action.kind === 'rename')
        checkName(action.newAlias, `actions[${i}].new_alias`, this.#options.limits);
    });
    await this.#options.catalog.propose({ kind: 'updateAliases', changes: actions });
  }

  async listAliases(): Promise<readonly { readonly alias: string; readonly collection: string }[]> {
    const aliases = [...this.#options.catalog.state.aliases];
    return aliases
      .map(([alias, collection]) => ({ alias, collection }))
      .toSorted((a, b) => (a.alias < b.alias ? -1 : 1));
  }

  async createPayloadIndex(
    collection: string,
    path: string,
    schema: PayloadIndexSchema,
  ): Promise<void> {
    const { catalog, indexes, limits } = this.#options;
    const { name, payloadIndexes } = await this.find(collection);
    checkBytes(path, 'field', limits);
    const field = canonicalPath(path);
    checkAtMost(
      Object.keys({ ...payloadIndexes, [field]: schema }).length,
      limits.payloadIndexesPerCollectionMax,
      'field',
      'payload indexes',
    );
    const { changed } = await catalog.propose({
      kind: 'createPayloadIndex',
      collection: name,
      field,
      schema,
    });
    if (changed) await indexes.adopt(catalog.resolve(name));
  }

  async dropPayloadIndex(collection: string, path: string): Promise<boolean> {
    const { catalog, indexes } = this.#options;
    const { name } = await this.find(collection);
    const field = canonicalPath(path);
    const { changed } = await catalog.propose({
      kind: 'dropPayloadIndex',
      collection: name,
      field,
    });
    if (changed) await indexes.adopt(catalog.resolve(name));
    return changed;
  }

  async optimizeCollection(name: string, signal?: AbortSignal): Promise<void> {
    await this.#options.indexes.optimize((await this.find(name)).number, signal);
  }

  async #describe(schema: CollectionSchema): Promise<CollectionDescription> {
    const { points, segments, building } = await this.#options.indexes.describe(schema.number);
    return {
      schema,
      aliases: this.#options.catalog.aliasesOf(schema.name),
      state: building ? 'building' : 'ready',
      points,
      segments,
    };
  }

  #vectorSchema(config: VectorConfig, field: string): VectorSchema {
    const { defaults, limits } = this.#options;
    checkInteger(config.dimension, 1, limits.dimensionMax, `${field}.dimension`);
    const m = config.m ?? defaults.m;
    const efConstruction = config.efConstruction ?? defaults.efConstruction;
    const efSearch = config.efSearch ?? defaults.efSearch;
    checkInteger(m, 2, 256, `${field}.m`);
    checkInteger(efConstruction, 4, limits.efMax, `${field}.ef_construction`);
    checkInteger(efSearch, 1, limits.efMax, `${field}.ef_search`);
    const { dimension, distance } = config;
    const quantization = config.quantization ?? defaultQuantization(dimension);
    return { dimension, distance, quantization, m, efConstruction, efSearch };
  }
}

function checkInteger(value: number, min: number, max: number, field: string): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const code = Number.isInteger(value) && value > max ? 'LIMIT_EXCEEDED' : 'INVALID_ARGUMENT';
  throw new VectorDbError(code, `${field}: an integer from ${min} to ${max}, not ${value}`, {
    field,
  });
}

function checkAtMost(count: number, max: number, field: string, what: string): void {
  if (count > max)
    throw new VectorDbError('LIMIT_EXCEEDED', `${field}: at most ${max} ${what}`, { field });
}

/** Control characters and slashes would make names that cannot stand in an address or a log line. */
// oxlint-disable-next-line no-control-regex
const NAME_REFUSED = /[\u0000-\u001f\u007f/\\]/;

/** The same for all ways to write the same path: what planners know an index by. */
function canonicalPath(path: string): string {
  return keyPathText(parseKeyPath(path, 'field'));
}

function checkName(name: string, field: string, limits: Limits): void {
  const bytes = Buffer.byteLength(name);
  // A member of that name would become the prototype of the object that holds it.
  if (name === '__proto__') {
    throw new VectorDbError('INVALID_ARGUMENT', `${field}: a name is not "__proto__"`, { field });
  }
  if (bytes === 0 || NAME_REFUSED.test(name) || !name.isWellFormed()) {
    throw new VectorDbError(
      'INVALID_ARGUMENT',
      `${field}: a name is not empty and has no control character or slash`,
      { field },
    );
  }
  checkBytes(name, field, limits);
}

function checkBytes(name: string, field: string, limits: Limits): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > limits.nameBytesMax) {
    throw new VectorDbError(
      'LIMIT_EXCEEDED',
      `${field}: a name has at most ${limits.nameBytesMax} bytes, not ${bytes}`,
      { field },
    );
  }
}
