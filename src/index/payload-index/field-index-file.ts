import { unreachable } from '../../base/unreachable.ts';
import type { PayloadIndexKind, PayloadIndexSchema } from '../collection-schema.ts';
import { type KeyPath, parseKeyPath, valuesAt } from '../payload/key-path.ts';
import { isPayloadArray, type PayloadObject } from '../payload/payload-value.ts';
import { boolKind } from './bool-kind.ts';
import { datetimeKind } from './datetime-kind.ts';
import { decodeFieldFile, encodeFieldFile } from './field-file.ts';
import type { FieldIndex } from './field-index.ts';
import type { FieldKind, FieldKindBuilder } from './field-kind.ts';
import { floatKind } from './float-kind.ts';
import { geoKind } from './geo-kind.ts';
import { integerKind } from './integer-kind.ts';
import { keywordKind } from './keyword-kind.ts';
import { Presence, PresenceBuilder } from './presence.ts';
import { textKind } from './text-kind.ts';
import { uuidKind } from './uuid-kind.ts';

/** A row of a segment for its payload indexes. */
export interface FieldRow {
  readonly slot: number;
  readonly payload: PayloadObject;
}

export interface FieldIndexBuilderOptions {
  /** Key path of the field. */
  readonly key: string;
  readonly schema: PayloadIndexSchema;
  /** Rows of the segment; slots are below it. */
  readonly rowCount: number;
}

/** Builds the payload index of one field, row by row in ascending order of slots; rows without a payload may be left out. */
export class FieldIndexBuilder {
  readonly #schema: PayloadIndexSchema;
  readonly #rowCount: number;
  readonly #path: KeyPath;
  readonly #presence: PresenceBuilder;
  readonly #kind: FieldKindBuilder;

  /** @throws {VectorDbError} INVALID_ARGUMENT when the key is not a key path */
  constructor(options: FieldIndexBuilderOptions) {
    this.#schema = options.schema;
    this.#rowCount = options.rowCount;
    this.#path = parseKeyPath(options.key, 'field_name');
    this.#presence = new PresenceBuilder(options.rowCount);
    this.#kind = fieldKind(options.schema.kind).builder(options.schema, options.rowCount);
  }

  add({ slot, payload }: FieldRow): void {
    const values = valuesAt(payload, this.#path);
    if (values.length === 0) return;
    this.#presence.add(slot, values);
    for (const value of values) {
      if (!isPayloadArray(value)) {
        if (value !== null) this.#kind.add(slot, value);
        continue;
      }
      for (const item of value) if (item !== null) this.#kind.add(slot, item);
    }
  }

  /** The content of the index's file. */
  finish(): Uint8Array {
    const schema = Buffer.from(JSON.stringify(this.#schema), 'utf8');
    return encodeFieldFile({
      kind: this.#schema.kind,
      rowCount: this.#rowCount,
      sections: { schema, ...this.#presence.finish(), ...this.#kind.finish() },
    });
  }
}

/** The content of the file of a field's payload index; rows come in ascending order of slots. */
export function buildFieldIndex(
  options: FieldIndexBuilderOptions & { readonly rows: Iterable<FieldRow> },
): Uint8Array {
  const builder = new FieldIndexBuilder(options);
  for (const row of options.rows) builder.add(row);
  return builder.finish();
}

/**
 * The payload index in a file's content. The bytes are not copied where they begin at a multiple of 8 of their buffer, and must not change.
 *
 * @throws {VectorDbError} DATA_CORRUPT when the file is damaged, FAILED_PRECONDITION when a newer version wrote it
 */
export function openFieldIndex(bytes: Uint8Array): FieldIndex {
  const { kind, rowCount, sections } = decodeFieldFile(bytes);
  const schema = JSON.parse(
    Buffer.from(sections.schema ?? []).toString('utf8'),
  ) as PayloadIndexSchema;
  const presence = new Presence(sections, rowCount);
  const reader = fieldKind(kind).open(schema, sections, rowCount);
  return {
    kind,
    rowCount,
    answer(question) {
      if (question.kind === 'isEmpty') return presence.isEmpty();
      if (question.kind === 'isNull') return presence.isNull();
      if (question.kind === 'valuesCount') return presence.valuesCount(question);
      return reader.answer(question);
    },
  };
}

function fieldKind(kind: PayloadIndexKind): FieldKind {
  switch (kind) {
    case 'keyword':
      return keywordKind;
    case 'integer':
      return integerKind;
    case 'float':
      return floatKind;
    case 'bool':
      return boolKind;
    case 'datetime':
      return datetimeKind;
    case 'geo':
      return geoKind;
    case 'text':
      return textKind;
    case 'uuid':
      return uuidKind;
    default:
      return unreachable(kind);
  }
}
