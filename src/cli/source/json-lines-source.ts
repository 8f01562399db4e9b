import { VectorDbError } from '../../base/error.ts';
import { idFromJson } from './id-choice.ts';
import type {
  ImportPoint,
  ImportSource,
  PositionedPoint,
  SourcePosition,
} from './import-source.ts';
import { jsonMembers, type JsonSlice } from './json-members.ts';
import { lineError } from './line-error.ts';
import { readLines } from './line-reader.ts';

const NO_PAYLOAD = new Uint8Array(0);
const MEMBERS = ['id', 'vector', 'vectors', 'payload'];

interface Where {
  readonly path: string;
  readonly line: number;
}

/**
 * A file of points, a JSON object a line: `id`, `vector` (numbers) or `vectors` (numbers by name), and `payload` (an object, kept as the text it is).
 * Empty lines are passed over. It is what an export writes.
 */
export class JsonLinesSource implements ImportSource {
  readonly name: string;
  readonly paths: readonly string[];
  readonly rows: undefined;
  readonly dimensions: Readonly<Record<string, number>>;
  readonly #path: string;
  readonly #vectorName: string;

  private constructor(
    path: string,
    vectorName: string,
    dimensions: Readonly<Record<string, number>>,
  ) {
    this.name = path;
    this.paths = [path];
    this.#path = path;
    this.#vectorName = vectorName;
    this.dimensions = dimensions;
  }

  /** @throws {VectorDbError} INVALID_ARGUMENT when the file holds no point, or its first line is none */
  static async open(path: string, vectorName: string): Promise<JsonLinesSource> {
    const probe = new JsonLinesSource(path, vectorName, {});
    for await (const { point } of probe.points({ row: 0, byte: 0 })) {
      const dimensions = Object.fromEntries(
        Object.entries(point.vectors).map(([name, vector]) => [name, vector.length]),
      );
      return new JsonLinesSource(path, vectorName, dimensions);
    }
    throw new VectorDbError('INVALID_ARGUMENT', `${path} holds no points`, { field: path });
  }

  async *points(from: SourcePosition): AsyncGenerator<PositionedPoint, void, void> {
    let { row } = from;
    // Lines are counted from where reading began: of a resumed file, only the byte is known.
    let line = 0;
    for await (const { bytes, end } of readLines(this.#path, from.byte)) {
      line += 1;
      if (bytes.length === 0) continue;
      const path = from.byte === 0 ? this.#path : `${this.#path} (from byte ${from.byte})`;
      const point = this.#parse(bytes, { path, line });
      row += 1;
      yield { point, after: { row, byte: end } };
    }
  }

  #parse(text: Buffer, where: Where): ImportPoint {
    let members: ReadonlyMap<string, JsonSlice>;
    try {
      members = jsonMembers(text);
    } catch (error) {
      throw lineError(where, `is not a JSON object: ${(error as Error).message}`);
    }
    for (const name of members.keys()) {
      if (!MEMBERS.includes(name)) {
        throw lineError(where, `has a member "${name}"; ${MEMBERS.join(', ')} are known`, name);
      }
    }
    return {
      id: idFromJson(text, members.get('id'), 'id', where),
      vectors: this.#vectorsOf(text, members, where),
      payload: payloadOf(text, members.get('payload'), where),
    };
  }

  #vectorsOf(
    text: Buffer,
    members: ReadonlyMap<string, JsonSlice>,
    where: Where,
  ): Readonly<Record<string, Float32Array>> {
    const vector = members.get('vector');
    const named = members.get('vectors');
    const vectors: Record<string, Float32Array> = Object.create(null);
    if (named !== undefined) {
      const values = parseSlice(text, named, 'vectors', where);
      if (!isObject(values)) throw lineError(where, '"vectors" is not an object', 'vectors');
      for (const [name, numbers] of Object.entries(values)) {
        vectors[name] = vectorFromJson(numbers, `vectors.${name}`, where);
      }
    }
    if (vector !== undefined) {
      const numbers = parseSlice(text, vector, 'vector', where);
      vectors[this.#vectorName] = vectorFromJson(numbers, 'vector', where);
    }
    if (Object.keys(vectors).length === 0) throw lineError(where, 'has no vector', 'vector');
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function payloadOf(text: Buffer, slice: JsonSlice | undefined, where: Where): Uint8Array {
  if (slice === undefined) return NO_PAYLOAD;
  const value = parseSlice(text, slice, 'payload', where);
  if (value === null) return NO_PAYLOAD;
  if (!isObject(value)) throw lineError(where, '"payload" is not an object', 'payload');
  return text.subarray(slice.start, slice.end);
}

function parseSlice(text: Buffer, slice: JsonSlice, member: string, where: Where): unknown {
  try {
    return JSON.parse(text.toString('utf8', slice.start, slice.end));
  } catch (error) {
    throw lineError(where, `"${member}" is not JSON: ${(error as Error).message}`, member);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws {VectorDbError} INVALID_ARGUMENT when it is not a list of numbers */
export function vectorFromJson(value: unknown, member: string, where: Where): Float32Array {
  if (!Array.isArray(value) || value.length === 0) {
    throw lineError(where, `"${member}" is not a list of numbers`, member);
  }
  const vector = new Float32Array(value.length);
  for (let index = 0; index < value.length; index += 1) {
    const number: unknown = value[index];
    if (typeof number !== 'number') {
      throw lineError(where, `"${member}" has no number at ${index}`, `${member}[${index}]`);
    }
    vector[index] = number;
  }
  return vector;
}
