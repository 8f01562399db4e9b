import { homedir } from 'node:os';
import { join } from 'node:path';

import { Command, Option } from 'commander';

import { pause } from '../../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import { DISTANCES } from '../../index/distance.ts';
import type { CliContext } from '../cli-context.ts';
import type { CollectionMessage } from '../../client/grpc/grape-messages.ts';
import { runImport, type ImportOutcome } from '../import/import-run.ts';
import {
  importStatePath,
  ImportState,
  sourceFiles,
  type ImportIdentity,
} from '../import/import-state.ts';
import { StateSaver } from '../import/state-saver.ts';
import { integerAtLeast, secondsOption } from '../option-parsers.ts';
import { withSession, type Session } from '../session.ts';
import { idChoiceText, type IdChoice } from '../source/id-choice.ts';
import { SOURCE_START, type ImportSource, type SourcePosition } from '../source/import-source.ts';
import { openSource } from '../source/open-source.ts';
import { groupedInteger, readableSeconds } from '../terminal/figures.ts';
import { ProgressLine } from '../terminal/progress-line.ts';

interface ImportOptions {
  readonly collection?: string;
  readonly vectors?: string;
  readonly payloads?: string;
  readonly ids?: string;
  readonly idField?: string;
  readonly vectorName: string;
  readonly create?: boolean;
  readonly dimension?: number;
  readonly distance: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly limit?: number;
  readonly resume?: boolean;
  readonly stateDir?: string;
  readonly patience: number;
  readonly waitIndexed?: boolean;
}

const READY_POLL_MS = 500;

const EXAMPLES = `
Examples:
  $ grape import samples/wordnet-sample --create
  $ grape import vectors.npy --payloads points.jsonl --ids key --collection words
  $ grape import points.jsonl --batch 500 --concurrency 8
  $ grape import big.fbin --resume                 go on where the last run stopped

A folder holds vectors.npy and, where there are payloads, points.jsonl with a line for each vector. A file is
.npy (float16, float32, float64), .fvecs, .fbin, or .jsonl with {"id": …, "vector": […], "payload": {…}} a line.`;

/** `grape import`: writes the points of files into a collection. */
export function importCommand(context: CliContext): Command {
  return new Command('import')
    .description('import points from files; stopped at any time, it can go on with --resume')
    .argument('[source]', 'a folder, a file of vectors, or a file of points')
    .option('--vectors <file>', 'the same as the argument')
    .option('--payloads <file>', 'payloads as JSON lines, one for each vector')
    .option('--ids <field|range>', 'ids: a field of the payloads, or the numbers of the rows')
    .option('--id-field <field>', 'like --ids, for a field named "range"')
    .option('--vector-name <name>', 'import into this named vector', '')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .option('--create', 'make the collection where there is none')
    .option('--dimension <n>', 'numbers of a vector, checked against the files', integerAtLeast(1))
    .addOption(
      new Option('--distance <name>', 'of a collection that is made')
        .choices([...DISTANCES])
        .default('cosine'),
    )
    .option('--batch <n>', 'points of one request', integerAtLeast(1), 100)
    .option('--concurrency <n>', 'requests at the same time', integerAtLeast(1), 4)
    .option('--limit <n>', 'import the first n points only', integerAtLeast(1))
    .option('--resume', 'go on where the last import of these files stopped')
    .option('--state-dir <folder>', 'keep what --resume needs here, not beside the files')
    .addOption(secondsOption('--patience <seconds>', 'how long to retry a failing request', 60))
    .option('--wait-indexed', 'wait until the collection is indexed')
    .addHelpText('after', EXAMPLES)
    .action(async (argument: string | undefined, options: ImportOptions, command: Command) => {
      const path = argument ?? options.vectors;
      if (path === undefined || (argument !== undefined && options.vectors !== undefined)) {
        command.error('error: one source is needed: an argument, or --vectors');
      }
      const ids = idChoice(options);
      const { payloads, vectorName } = options;
      await using source = await openSource({ path, payloads, ids, vectorName });
      await withSession(context, command, (session) =>
        importInto({ context, session, source, options, ids }),
      );
    });
}

function idChoice(options: ImportOptions): IdChoice {
  if (options.idField !== undefined) return { kind: 'field', field: options.idField };
  if (options.ids === undefined) return { kind: 'auto' };
  return options.ids === 'range' ? { kind: 'range' } : { kind: 'field', field: options.ids };
}

interface ImportTask {
  readonly context: CliContext;
  readonly session: Session;
  readonly source: ImportSource;
  readonly options: ImportOptions;
  readonly ids: IdChoice;
}

async function importInto(task: ImportTask): Promise<void> {
  const { context, session, source, options } = task;
  const { clock, random, signal, stderr } = context;
  const collection = await targetCollection(task);
  checkDimensions(task, collection);
  const { identity, state } = await stateOf(task, collection);
  const from = await startOf(task, state, identity);
  const total =
    source.rows === undefined ? options.limit : Math.min(source.rows, options.limit ?? source.rows);
  const progress = new ProgressLine({
    output: stderr,
    clock,
    noun: 'points',
    total,
    start: from.row,
  });
  const saver = new StateSaver({ state, identity, clock });
  const outcome = await runImport({
    caller: session.connection,
    source,
    collection: collection.name,
    from,
    limit: options.limit,
    batch: options.batch,
    concurrency: options.concurrency,
    timeoutMs: session.options.timeout,
    patienceMs: options.patience,
    clock,
    random,
    signal,
    onProgress: async (position) => {
      await Promise.all([saver.reached(position), progress.update(position.row)]);
    },
    onRetry: (error, waitMs) =>
      void progress.note(
        `waiting ${readableSeconds(waitMs / 1000)}: ${error.code}: ${error.message}`,
      ),
  });
  await progress.clear();
  await saver.idle();
  await finish(task, { collection, state, identity, outcome, seconds: progress.seconds });
}

async function targetCollection(task: ImportTask): Promise<CollectionMessage> {
  const { session, source, options } = task;
  const name = options.collection ?? (await session.call('Node.Info', {})).defaultCollection;
  try {
    return (await session.call('Collections.Describe', { collection: name })).collection;
  } catch (error) {
    if (!(error instanceof VectorDbError) || error.code !== 'COLLECTION_NOT_FOUND') throw error;
    if (options.create !== true) {
      throw new VectorDbError(
        'COLLECTION_NOT_FOUND',
        `there is no collection "${name}"; --create makes one`,
        { cause: error },
      );
    }
  }
  const vectors = Object.entries(source.dimensions).map(([vector, dimension]) => [
    vector,
    { dimension, distance: `DISTANCE_${options.distance.toUpperCase()}` },
  ]);
  await session.call('Collections.Create', { name, vectors: Object.fromEntries(vectors) });
  return (await session.call('Collections.Describe', { collection: name })).collection;
}

function checkDimensions({ source, options }: ImportTask, collection: CollectionMessage): void {
  for (const [name, dimension] of Object.entries(source.dimensions)) {
    const label = name === '' ? '' : ` "${name}"`;
    if (options.dimension !== undefined && options.dimension !== dimension) {
      throw new VectorDbError(
        'DIMENSION_MISMATCH',
        `${source.name} has vectors of ${dimension} numbers, not ${options.dimension}`,
        { field: '--dimension' },
      );
    }
    const wanted = collection.vectors[name]?.dimension;
    if (wanted === dimension) continue;
    throw new VectorDbError(
      'DIMENSION_MISMATCH',
      wanted === undefined
        ? `collection "${collection.name}" has no vector${label === '' ? ' without a name: name one with --vector-name' : label}`
        : `${source.name} has vectors${label} of ${dimension} numbers, collection "${collection.name}" takes ${wanted}`,
      { field: `vector${label}` },
    );
  }
}

async function stateOf(
  { context, session, source, options, ids }: ImportTask,
  collection: CollectionMessage,
): Promise<{ readonly identity: ImportIdentity; readonly state: ImportState }> {
  const { env } = context;
  const folder =
    options.stateDir ??
    join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state'), 'grape');
  const path = await importStatePath(source.name, folder, options.stateDir !== undefined);
  const identity: ImportIdentity = {
    target: {
      url: session.connection.url,
      collection: collection.name,
      number: collection.number,
    },
    sources: await sourceFiles(source.paths),
    ids: idChoiceText(ids),
    vectorName: options.vectorName,
  };
  return { identity, state: new ImportState(path) };
}

async function startOf(
  { context, options }: ImportTask,
  state: ImportState,
  identity: ImportIdentity,
): Promise<SourcePosition> {
  if (options.resume !== true) return SOURCE_START;
  const position = await state.load(identity);
  await context.stderr.write(
    position === undefined
      ? `nothing to resume (${state.path}): starting at the first point\n`
      : `going on behind point ${groupedInteger(position.row)}\n`,
  );
  return position ?? SOURCE_START;
}

interface Finish {
  readonly collection: CollectionMessage;
  readonly state: ImportState;
  readonly identity: ImportIdentity;
  readonly outcome: ImportOutcome;
  readonly seconds: number;
}

async function finish(task: ImportTask, end: Finish): Promise<void> {
  const { context, session, source, options } = task;
  const { outcome, seconds, state } = end;
  const { row } = outcome.acknowledged;
  const early = outcome.stopped || outcome.error !== undefined;
  const complete = !early && (options.limit === undefined || row === source.rows);
  if (complete) await state.remove();
  else await state.save(end.identity, outcome.acknowledged);
  if (early) {
    await context.stderr.write(
      `stopped: the first ${groupedInteger(row)} points are written; --resume goes on behind them\n`,
    );
    throw outcome.error === undefined
      ? new VectorDbError('CANCELLED', 'stopped on request')
      : toVectorDbError(outcome.error);
  }
  if (options.waitIndexed === true) await waitIndexed(task, end.collection.name);
  const rate = seconds === 0 ? 0 : Math.round(outcome.written / seconds);
  await context.stdout.write(
    session.options.json === true
      ? `${JSON.stringify({ collection: end.collection.name, points: outcome.written, seconds, pointsPerSecond: rate })}\n`
      : `imported ${groupedInteger(outcome.written)} points into "${end.collection.name}" in ${readableSeconds(seconds)} (${groupedInteger(rate)} points/s)\n`,
  );
}

async function waitIndexed({ context, session }: ImportTask, collection: string): Promise<void> {
  const { clock, signal, stderr } = context;
  const startedMs = clock.monotonicMs();
  for (;;) {
    const description = await session.call('Collections.Describe', { collection });
    if (description.collection.state !== 'COLLECTION_STATE_BUILDING') break;
    await pause(clock, READY_POLL_MS, signal);
    if (signal.aborted) throw new VectorDbError('CANCELLED', 'stopped on request');
  }
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  await stderr.write(`indexed after another ${readableSeconds(seconds)}\n`);
}
