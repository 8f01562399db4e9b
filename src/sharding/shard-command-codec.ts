import { Packr } from 'msgpackr';
import { VectorDbError } from '../base/error.ts';
import { POINT_KEY_TAG, type PointKey } from '../base/point-id.ts';
import { unreachable } from '../base/unreachable.ts';
import type { PayloadIndexSchema } from '../index/collection-schema.ts';
import type { Filter } from '../index/filter/filter.ts';
import { COMMAND_HEAD_BYTES, setCommandEpoch } from './command-epoch.ts';
import type { CommandSelection, PointUpsert, ShardCommand } from './shard-command.ts';

const VERSION = 2;
const KIND = {
  upsert: 1,
  delete: 2,
  setPayload: 3,
  overwritePayload: 4,
  deletePayload: 5,
  drop: 6,
  fence: 7,
} as const satisfies Record<ShardCommand['kind'], number>;

/** Elements of an upsert before its points, and of each point before its vectors. */
const UPSERT_HEAD = 2;
const POINT_HEAD = 2;
/** What a journal row can hold. */
const KEY_BYTES_MAX = 0xffff;

/**
 * Turns commands into the bytes that logs hold, and back: a version, the sender's epoch (`command-epoch.ts`) and one MessagePack array, described in
 * docs/formats/shard-command.md. Decoding checks every element, so that damaged bytes are an error and never a wrong command of another shape.
 */
export class ShardCommandCodec {
  // Records and shared structures would make the bytes of one command depend on those before it.
  readonly #packr = new Packr({ useRecords: false, useBigIntExtension: true, moreTypes: false });

  /**
   * The command's bytes, in memory of their own.
   *
   * @param epoch - of the shard's replicas as the sender knows them; 0 unless told
   */
  encode(command: ShardCommand, epoch = 0): Uint8Array {
    // The packer's own buffer is large and used again: a message to another thread would copy all of it.
    const packed = this.#packr.pack(toArray(command));
    const bytes = new Uint8Array(COMMAND_HEAD_BYTES + packed.length);
    bytes[0] = VERSION;
    setCommandEpoch(bytes, epoch);
    bytes.set(packed, COMMAND_HEAD_BYTES);
    return bytes;
  }

  /**
   * The command; keys and payloads are views of `bytes`, vectors are copies.
   *
   * @throws {VectorDbError} DATA_CORRUPT
   */
  decode(bytes: Uint8Array): ShardCommand {
    if (bytes[0] !== VERSION) throw malformed(`its version ${String(bytes[0])} is not known`);
    let value: unknown;
    try {
      value = this.#packr.unpack(bytes.subarray(COMMAND_HEAD_BYTES));
    } catch (thrown) {
      throw malformed('it is not MessagePack', thrown);
    }
    const items = list(value);
    if (items[0] === KIND.fence) return { kind: 'fence' };
    const collection = items[1];
    if (!isU32(collection)) throw malformed('it names no collection');
    if (items[0] === KIND.upsert) {
      return { kind: 'upsert', collection, points: items.slice(UPSERT_HEAD).map(decodePoint) };
    }
    if (items[0] === KIND.drop) return { kind: 'drop', collection };
    return decodeEdit(collection, items);
  }
}

/** A command that is about points which are there. */
function decodeEdit(collection: number, items: readonly unknown[]): ShardCommand {
  const keys = list(items[2]).map(decodeKey);
  const filter = items[3] === null ? {} : { filter: decodeFilter(items[3]) };
  const hasChange = items[0] !== KIND.delete;
  const textIndexes = decodeTextIndexes(items[hasChange ? 5 : 4]);
  const selection = { keys, ...filter, ...textIndexes };
  switch (items[0]) {
    case KIND.delete:
      return { kind: 'delete', collection, ...selection };
    case KIND.setPayload:
      return {
        kind: 'setPayload',
        collection,
        ...selection,
        payload: binary(items[4]),
        ...decodePayloadBytesMax(items[6]),
      };
    case KIND.overwritePayload:
      return { kind: 'overwritePayload', collection, ...selection, payload: binary(items[4]) };
    case KIND.deletePayload:
      return {
        kind: 'deletePayload',
        collection,
        ...selection,
        paths: list(items[4]).map(text),
      };
    default:
      throw malformed(`its kind ${String(items[0])} is not known`);
  }
}

function toArray(command: ShardCommand): unknown[] {
  if (command.kind === 'fence') return [KIND.fence];
  const head = [KIND[command.kind], command.collection];
  if (command.kind === 'drop') return head;
  if (command.kind === 'upsert') return [...head, ...command.points.map(encodePoint)];
  const selection = [...head, command.keys, command.filter ?? null];
  const { textIndexes } = command;
  switch (command.kind) {
    case 'delete':
      return withoutEnd([...selection, textIndexes]);
    case 'setPayload':
      return withoutEnd([...selection, command.payload, textIndexes, command.payloadBytesMax]);
    case 'overwritePayload':
      return withoutEnd([...selection, command.payload, textIndexes]);
    case 'deletePayload':
      return withoutEnd([...selection, command.paths, textIndexes]);
    default:
      return unreachable(command);
  }
}

/** Elements at the end that are absent are left out; others are nil. */
function withoutEnd(items: readonly unknown[]): unknown[] {
  const last = items.findLastIndex((item) => item !== undefined);
  return items.slice(0, last + 1).map((item) => item ?? null);
}

function encodePoint(point: PointUpsert): unknown[] {
  const items: unknown[] = [point.key, point.payload];
  for (const [name, vector] of Object.entries(point.vectors)) {
    items.push(name, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
  return items;
}

function decodePoint(value: unknown): PointUpsert {
  const items = list(value);
  const vectors: [string, Float32Array][] = [];
  for (let at = POINT_HEAD; at < items.length; at += 2) {
    vectors.push([text(items[at]), decodeVector(items[at + 1])]);
  }
  return {
    key: decodeKey(items[0]),
    payload: binary(items[1]),
    vectors: Object.fromEntries(vectors),
  };
}

function decodeVector(value: unknown): Float32Array {
  const bytes = binary(value);
  if (bytes.length % 4 !== 0) throw malformed('a vector is cut short');
  const vector = new Float32Array(bytes.length / 4);
  new Uint8Array(vector.buffer).set(bytes);
  return vector;
}

function decodeKey(value: unknown): PointKey {
  const key = binary(value);
  const bytes = key.length;
  const tag = key[0];
  const valid =
    (tag === POINT_KEY_TAG.integer && bytes === 9) ||
    (tag === POINT_KEY_TAG.uuid && bytes === 17) ||
    (tag === POINT_KEY_TAG.string && bytes > 1 && bytes <= KEY_BYTES_MAX);
  if (!valid) throw malformed('a key is none');
  return key;
}

/** Its insides were checked by who proposed the command; here only its shape is. */
function decodeFilter(value: unknown): Filter {
  if (!isMap(value)) throw malformed('its filter is none');
  return value;
}

function decodeTextIndexes(value: unknown): Pick<CommandSelection, 'textIndexes'> {
  if (value === undefined || value === null) return {};
  if (!isMap(value) || !Object.values(value).every(isMap)) {
    throw malformed('its text indexes are none');
  }
  return { textIndexes: value as Readonly<Record<string, PayloadIndexSchema>> };
}

function decodePayloadBytesMax(value: unknown): { readonly payloadBytesMax?: number } {
  if (value === undefined) return {};
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw malformed('its bound of payloads is none');
  }
  return { payloadBytesMax: value as number };
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw malformed('a list is missing');
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw malformed('a text is missing');
  return value;
}

function binary(value: unknown): Uint8Array {
  if (!isBinary(value)) throw malformed('bytes are missing');
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

const isMap = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isBinary(value);

const isBinary = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

const isU32 = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;

function malformed(why: string, cause?: unknown): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `a shard command is malformed: ${why}`, { cause });
}
