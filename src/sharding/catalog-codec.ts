import { Packr } from 'msgpackr';
import { VectorDbError } from '../base/error.ts';
import type {
  CollectionSchema,
  PayloadIndexSchema,
  VectorSchema,
} from '../index/collection-schema.ts';
import { allocateRow, checkRow, ROW_HEADER_BYTES, sealRow } from '../storage/row-frame.ts';
import type { CatalogState } from './catalog-state.ts';

/** The catalog's one row. */
export const CATALOG_KEY: Uint8Array = Uint8Array.of(0x63);

type StoredSchema = readonly [
  number: number,
  name: string,
  vectors: readonly (readonly [name: string, schema: VectorSchema])[],
  payloadIndexes: readonly (readonly [field: string, schema: PayloadIndexSchema])[],
];

/**
 * The catalog as bytes and back: the whole of it in one row, so that a batch that LevelDB lost in the middle of its log cannot matter. Names are
 * elements of arrays, never keys of objects.
 */
export class CatalogCodec {
  readonly #packr = new Packr({ useRecords: false });

  encode(state: CatalogState): Buffer {
    const body = this.#packr.pack([
      state.version,
      state.nextNumber,
      [...state.collections.values()].map(toStored),
      [...state.aliases],
      [...state.dropping.values()].map(toStored),
    ]);
    const row = allocateRow(body.length);
    body.copy(row, ROW_HEADER_BYTES);
    return sealRow(CATALOG_KEY, row);
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  decode(row: Uint8Array): CatalogState {
    const bytes = checkRow(CATALOG_KEY, row, () => 'the catalog');
    try {
      const [version, nextNumber, collections, aliases, dropping] = this.#packr.unpack(
        bytes.subarray(ROW_HEADER_BYTES),
      ) as [number, number, StoredSchema[], [string, string][], StoredSchema[]];
      return {
        version,
        nextNumber,
        collections: new Map(collections.map(fromStored).map((schema) => [schema.name, schema])),
        aliases: new Map(aliases),
        dropping: new Map(dropping.map(fromStored).map((schema) => [schema.number, schema])),
      };
    } catch (thrown) {
      throw new VectorDbError('DATA_CORRUPT', 'the catalog is damaged: it cannot be decoded', {
        cause: thrown,
      });
    }
  }
}

function toStored(schema: CollectionSchema): StoredSchema {
  const { number, name, vectors, payloadIndexes } = schema;
  return [number, name, Object.entries(vectors), Object.entries(payloadIndexes)];
}

function fromStored([number, name, vectors, payloadIndexes]: StoredSchema): CollectionSchema {
  return {
    number,
    name,
    vectors: Object.fromEntries(vectors),
    payloadIndexes: Object.fromEntries(payloadIndexes),
  };
}
