import { VectorDbError } from '../base/error.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CollectionSchema, PayloadIndexSchema } from '../index/collection-schema.ts';
import type { AliasChange, CatalogCommand } from './catalog-command.ts';

/** All collections and aliases at one time; never changed, only replaced. */
export interface CatalogState {
  /** One more with each command that was applied. */
  readonly version: number;
  /** The number that the next collection gets. */
  readonly nextNumber: number;
  /** Collections that can be used, by name. */
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  /** Names of collections, by alias. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Dropped collections whose points are not swept yet, by number. */
  readonly dropping: ReadonlyMap<number, CollectionSchema>;
}

/** A catalog with nothing in it. */
export const EMPTY_CATALOG: CatalogState = {
  version: 0,
  nextNumber: 1,
  collections: new Map(),
  aliases: new Map(),
  dropping: new Map(),
};

/** What a command did. */
export interface CatalogEffect {
  readonly state: CatalogState;
  /** False where there was nothing to do. */
  readonly changed: boolean;
}

/**
 * The catalog after a command: a function of both, the same on every node.
 *
 * @throws {VectorDbError} ALREADY_EXISTS, COLLECTION_NOT_FOUND, NOT_FOUND, INVALID_ARGUMENT: the command is refused and nothing changes
 */
export function applyCatalogCommand(state: CatalogState, command: CatalogCommand): CatalogEffect {
  const changed = changesOf(state, command);
  if (changed === undefined) return { state, changed: false };
  return { state: { ...state, ...changed, version: state.version + 1 }, changed: true };
}

/** The collection of a name or alias. @throws {VectorDbError} COLLECTION_NOT_FOUND */
export function resolveCollection(state: CatalogState, name: string): CollectionSchema {
  const schema = state.collections.get(state.aliases.get(name) ?? name);
  if (schema === undefined) {
    throw new VectorDbError(
      'COLLECTION_NOT_FOUND',
      `there is no collection or alias ${JSON.stringify(name)}`,
      { field: 'collection' },
    );
  }
  return schema;
}

function changesOf(
  state: CatalogState,
  command: CatalogCommand,
): Partial<CatalogState> | undefined {
  switch (command.kind) {
    case 'createCollection': {
      const { name, vectors } = command;
      assertFree(state, name, 'name');
      const schema = { number: state.nextNumber, name, vectors, payloadIndexes: {} };
      return {
        nextNumber: state.nextNumber + 1,
        collections: new Map(state.collections).set(name, schema),
      };
    }
    case 'dropCollection':
      return dropCollection(state, command.name);
    case 'forgetCollection': {
      if (!state.dropping.has(command.number)) return undefined;
      const dropping = new Map(state.dropping);
      dropping.delete(command.number);
      return { dropping };
    }
    case 'updateAliases':
      return updateAliases(state, command.changes);
    case 'createPayloadIndex': {
      const schema = resolveCollection(state, command.collection);
      const present = Object.hasOwn(schema.payloadIndexes, command.field)
        ? schema.payloadIndexes[command.field]
        : undefined;
      if (present !== undefined && sameIndex(present, command.schema)) return undefined;
      const payloadIndexes = withProperty(schema.payloadIndexes, command.field, command.schema);
      return replaceSchema(state, { ...schema, payloadIndexes });
    }
    case 'dropPayloadIndex': {
      const schema = resolveCollection(state, command.collection);
      if (!Object.hasOwn(schema.payloadIndexes, command.field)) return undefined;
      const kept = Object.entries(schema.payloadIndexes).filter(([key]) => key !== command.field);
      return replaceSchema(state, { ...schema, payloadIndexes: Object.fromEntries(kept) });
    }
    default:
      return unreachable(command);
  }
}

function dropCollection(state: CatalogState, name: string): Partial<CatalogState> | undefined {
  const schema = state.collections.get(name);
  if (schema === undefined) return undefined;
  const collections = new Map(state.collections);
  collections.delete(name);
  return {
    collections,
    aliases: new Map([...state.aliases].filter(([, collection]) => collection !== name)),
    dropping: new Map(state.dropping).set(schema.number, schema),
  };
}

function updateAliases(
  state: CatalogState,
  changes: readonly AliasChange[],
): Partial<CatalogState> | undefined {
  const aliases = new Map(state.aliases);
  for (const [i, change] of changes.entries()) {
    const field = `actions[${i}]`;
    if (change.kind === 'create') {
      if (state.collections.has(change.alias)) throw nameTaken(change.alias, `${field}.alias`);
      if (!state.collections.has(change.collection)) {
        throw new VectorDbError(
          'COLLECTION_NOT_FOUND',
          `there is no collection ${JSON.stringify(change.collection)}`,
          { field: `${field}.collection` },
        );
      }
      aliases.set(change.alias, change.collection);
      continue;
    }
    const collection = aliases.get(change.alias);
    if (collection === undefined) {
      throw new VectorDbError('NOT_FOUND', `there is no alias ${JSON.stringify(change.alias)}`, {
        field: `${field}.alias`,
      });
    }
    aliases.delete(change.alias);
    if (change.kind === 'delete') continue;
    if (aliases.has(change.newAlias) || state.collections.has(change.newAlias)) {
      throw nameTaken(change.newAlias, `${field}.newAlias`);
    }
    aliases.set(change.newAlias, collection);
  }
  return changes.length === 0 ? undefined : { aliases };
}

function assertFree(state: CatalogState, name: string, field: string): void {
  if (state.collections.has(name) || state.aliases.has(name)) throw nameTaken(name, field);
}

function nameTaken(name: string, field: string): VectorDbError {
  return new VectorDbError(
    'ALREADY_EXISTS',
    `there is a collection or alias ${JSON.stringify(name)} already`,
    { field },
  );
}

function replaceSchema(state: CatalogState, schema: CollectionSchema): Partial<CatalogState> {
  return { collections: new Map(state.collections).set(schema.name, schema) };
}

/** A copy with one more property, whatever its name: `__proto__` too. */
function withProperty<T>(record: Readonly<Record<string, T>>, name: string, value: T) {
  return Object.fromEntries([
    ...Object.entries(record).filter(([key]) => key !== name),
    [name, value],
  ]);
}

function sameIndex(a: PayloadIndexSchema, b: PayloadIndexSchema): boolean {
  return INDEX_PROPERTIES.every((property) => a[property] === b[property]);
}

/** Every parameter; one that is added later and missing here does not compile. */
const INDEX_PROPERTIES = Object.keys({
  kind: true,
  tokenizer: true,
  lowercase: true,
  minTokenLength: true,
  maxTokenLength: true,
} satisfies Record<keyof PayloadIndexSchema, true>) as (keyof PayloadIndexSchema)[];
