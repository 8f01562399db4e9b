import type { PointId } from '../../base/point-id.ts';
import { idFromJson, settleIdChoice, type IdChoice } from './id-choice.ts';
import type { ImportSource, PositionedPoint, SourcePosition } from './import-source.ts';
import { jsonMembers } from './json-members.ts';
import { lineError } from './line-error.ts';
import { readLines, type Line } from './line-reader.ts';
import type { RowFile } from './row-file.ts';

const NO_PAYLOAD = new Uint8Array(0);

/** A file of vectors, with or without a file of payloads: a JSON object a line, row by row. The line's text is the payload. */
export class VectorFileSource implements ImportSource {
  readonly name: string;
  readonly paths: readonly string[];
  readonly rows: number;
  readonly dimensions: Readonly<Record<string, number>>;
  readonly #vectors: RowFile;
  readonly #vectorName: string;
  readonly #payloads: string | undefined;
  readonly #ids: IdChoice;

  /** @param options.vectors - closed with the source */
  constructor(options: {
    readonly name: string;
    readonly vectors: RowFile;
    readonly vectorName: string;
    readonly payloads: string | undefined;
    readonly ids: IdChoice;
  }) {
    this.name = options.name;
    this.#vectors = options.vectors;
    this.#vectorName = options.vectorName;
    this.#payloads = options.payloads;
    this.#ids = options.ids;
    this.rows = options.vectors.rows;
    this.dimensions = { [options.vectorName]: options.vectors.dimension };
    this.paths =
      options.payloads === undefined
        ? [options.vectors.path]
        : [options.vectors.path, options.payloads];
  }

  async *points(from: SourcePosition): AsyncGenerator<PositionedPoint, void, void> {
    const path = this.#payloads;
    const choice = settleIdChoice(this.#ids, await this.#firstLine());
    const lines = path === undefined ? undefined : readLines(path, from.byte);
    try {
      let row = from.row;
      for await (const vector of this.#vectors.read(from.row)) {
        const line = lines === undefined ? undefined : await lines.next();
        if (line?.done) {
          throw lineError(
            { path: path as string, line: row + 1 },
            `is missing: there are ${this.rows} vectors and ${row} payloads`,
          );
        }
        const read = line?.value;
        const { id, payload } = pointOf(read?.bytes, row, path ?? '', choice);
        row += 1;
        yield {
          point: { id, vectors: { [this.#vectorName]: vector }, payload },
          after: { row, byte: read?.end ?? 0 },
        };
      }
      await this.#expectNoMore(lines);
    } finally {
      await lines?.return();
    }
  }

  async #firstLine(): Promise<Buffer | undefined> {
    if (this.#payloads === undefined) return undefined;
    for await (const line of readLines(this.#payloads)) return line.bytes;
    return undefined;
  }

  async #expectNoMore(lines: AsyncGenerator<Line, void, void> | undefined): Promise<void> {
    if (lines === undefined) return;
    for await (const line of lines) {
      if (line.bytes.length === 0) continue;
      throw lineError(
        { path: this.#payloads as string, line: this.rows + 1 },
        `is one too many: there are only ${this.rows} vectors`,
      );
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#vectors[Symbol.asyncDispose]();
  }
}

function pointOf(
  line: Buffer | undefined,
  row: number,
  path: string,
  choice: Exclude<IdChoice, { readonly kind: 'auto' }>,
): { readonly id: PointId; readonly payload: Uint8Array } {
  if (line === undefined) return { id: row, payload: NO_PAYLOAD };
  const where = { path, line: row + 1 };
  if (choice.kind === 'range') return { id: row, payload: line };
  let members: ReturnType<typeof jsonMembers>;
  try {
    members = jsonMembers(line);
  } catch (error) {
    throw lineError(where, `is not a JSON object: ${(error as Error).message}`);
  }
  return { id: idFromJson(line, members.get(choice.field), choice.field, where), payload: line };
}
