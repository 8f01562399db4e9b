import { open, rename, rm, type FileHandle } from 'node:fs/promises';

import { Command } from 'commander';

import { VectorDbError } from '../../base/error.ts';
import type { Filter } from '../../index/filter/filter.ts';
import type { CliContext } from '../cli-context.ts';
import { filterMessage } from '../../client/grpc/filter-message.ts';
import type { PointIdMessage, StoredPointMessage } from '../../client/grpc/grape-messages.ts';
import { integerAtLeast, filterOption } from '../option-parsers.ts';
import { idJson, pointJsonLine } from '../point-message.ts';
import { withSession, type Session } from '../session.ts';
import { NpyWriter } from '../source/npy-writer.ts';
import { groupedInteger, readableSeconds } from '../terminal/figures.ts';
import { ProgressLine } from '../terminal/progress-line.ts';
import { idFromMessage } from '../../client/grpc/point-message.ts';

interface ExportOptions {
  readonly collection?: string;
  readonly out: string;
  readonly filter?: Filter;
  readonly withVectors?: boolean;
  readonly vectorsOut?: string;
  readonly using: string;
  readonly page: number;
}

const EXAMPLES = `
Examples:
  $ grape export --with-vectors --out points.jsonl     what grape import reads
  $ grape export --filter '{"must":{"key":"pos","match":{"value":"verb"}}}' | jq .payload
  $ grape export --out points.jsonl --vectors-out vectors.npy`;

/** `grape export`: writes the points of a collection to files. */
export function exportCommand(context: CliContext): Command {
  return new Command('export')
    .description('write points as JSON lines, in the order of their ids')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .option('-o, --out <file>', 'where to; - is the standard output', '-')
    .option('--filter <json>', 'only points that pass it (or @file)', filterOption)
    .option('--with-vectors', 'vectors too')
    .option('--vectors-out <file.npy>', 'write vectors as float32 rows to this file')
    .option('--using <name>', 'which named vector --vectors-out takes', '')
    .option('--page <n>', 'points of one request', integerAtLeast(1), 500)
    .addHelpText('after', EXAMPLES)
    .action((options: ExportOptions, command: Command) =>
      withSession(context, command, (session) => exportPoints(context, session, options)),
    );
}

async function exportPoints(
  context: CliContext,
  session: Session,
  options: ExportOptions,
): Promise<void> {
  const filter = options.filter === undefined ? {} : { filter: filterMessage(options.filter) };
  const collection = options.collection ?? '';
  const { count } = await session.call('Points.Count', { collection, ...filter });
  const progress = new ProgressLine({
    output: context.stderr,
    clock: context.clock,
    noun: 'points',
    total: Number(count),
    start: 0,
  });
  await using lines = await LineSink.open(options.out, context.stdout);
  await using vectors =
    options.vectorsOut === undefined ? undefined : await NpyWriter.create(options.vectorsOut);
  let done = 0;
  for await (const page of pages(session, { ...filter, collection }, options)) {
    for (const point of page) await vectors?.write(vectorBytes(point, options.using));
    const text = page.map((point) => {
      const shown = options.withVectors === true ? point : { ...point, vectors: {} };
      return `${pointJsonLine(shown)}\n`;
    });
    await lines.write(text.join(''));
    done += page.length;
    await progress.update(done);
    if (context.signal.aborted) throw new VectorDbError('CANCELLED', 'stopped on request');
  }
  await vectors?.finish();
  await lines.finish();
  await progress.clear();
  await context.stderr.write(
    `exported ${groupedInteger(done)} points in ${readableSeconds(progress.seconds)}\n`,
  );
}

async function* pages(
  session: Session,
  request: { readonly collection: string; readonly filter?: ReturnType<typeof filterMessage> },
  options: ExportOptions,
): AsyncGenerator<readonly StoredPointMessage[], void, void> {
  const all = options.withVectors === true || options.vectorsOut !== undefined;
  let from: PointIdMessage | undefined;
  do {
    const page = await session.call('Points.Scroll', {
      ...request,
      limit: options.page,
      vectors: { all },
      ...(from === undefined ? {} : { from }),
    });
    yield page.points;
    from = page.next ?? undefined;
  } while (from !== undefined);
}

function vectorBytes(point: StoredPointMessage, name: string): Uint8Array {
  const vector = point.vectors[name];
  if (vector === undefined) {
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `point ${idJson(idFromMessage(point.id))} has no vector "${name}"`,
      { field: '--using' },
    );
  }
  return vector.float32;
}

/** @throws {VectorDbError} INVALID_ARGUMENT */
async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w');
  } catch (error) {
    const text = `${path} cannot be written: ${(error as Error).message}`;
    throw new VectorDbError('INVALID_ARGUMENT', text, { field: '--out', cause: error });
  }
}

/** Lines on their way to a file, which appears under its name only when it is whole, or to the standard output. */
class LineSink implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle | undefined;
  readonly #stdout: CliContext['stdout'];
  #finished = false;

  private constructor(path: string, handle: FileHandle | undefined, stdout: CliContext['stdout']) {
    this.#path = path;
    this.#handle = handle;
    this.#stdout = stdout;
  }

  static async open(path: string, stdout: CliContext['stdout']): Promise<LineSink> {
    const handle = path === '-' ? undefined : await openForWriting(`${path}.partial`);
    return new LineSink(path, handle, stdout);
  }

  async write(text: string): Promise<void> {
    if (this.#handle === undefined) await this.#stdout.write(text);
    else await this.#handle.writeFile(text);
  }

  async finish(): Promise<void> {
    if (this.#handle === undefined) return;
    await this.#handle.sync();
    await rename(`${this.#path}.partial`, this.#path);
    this.#finished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#handle === undefined) return;
    await this.#handle.close();
    if (!this.#finished) await rm(`${this.#path}.partial`, { force: true });
  }
}
