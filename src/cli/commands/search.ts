import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

import { Command } from 'commander';

import { must } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Filter } from '../../index/filter/filter.ts';
import type { CliContext } from '../cli-context.ts';
import { filterMessage } from '../../client/grpc/filter-message.ts';
import type {
  ScoredPointMessage,
  SearchResponseMessage,
} from '../../client/grpc/grape-messages.ts';
import {
  commaSeparated,
  filterOption,
  finiteNumber,
  integerAtLeast,
  vectorFromJson,
  vectorOption,
} from '../option-parsers.ts';
import { idFromArgument, idJson, pointJsonLine } from '../point-message.ts';
import { withSession, type Session } from '../session.ts';
import { openVectorFile } from '../source/open-source.ts';
import { payloadTable } from '../terminal/payload-table.ts';
import { explanationText } from '../terminal/explanation.ts';
import {
  idFromMessage,
  idMessage,
  vectorFromMessage,
  vectorMessage,
} from '../../client/grpc/point-message.ts';

interface SearchOptions {
  readonly collection?: string;
  readonly vector?: Float32Array;
  readonly vectorFile?: string;
  readonly row: number;
  readonly like?: string;
  readonly using: string;
  readonly limit: number;
  readonly filter?: Filter;
  readonly scoreThreshold?: number;
  readonly ef?: number;
  readonly exact?: boolean;
  readonly explain?: boolean;
  readonly fields?: readonly string[];
  readonly withVectors?: boolean;
}

const EXAMPLES = `
Examples:
  $ grape search --like n02084071 --limit 5
  $ grape search --vector-file queries.npy --row 3 --explain
  $ grape search --vector '[0.1, 0.9]' --filter '{"must":{"key":"pos","match":{"value":"noun"}}}'
  $ grape search --like n02084071 --exact --json | jq .payload.words`;

/** `grape search`: shows the points nearest to a vector. */
export function searchCommand(context: CliContext): Command {
  return new Command('search')
    .description('find the points nearest to a vector, or to a point')
    .option('--vector <json>', 'the vector as a list of numbers (or @file)', vectorOption)
    .option('--vector-file <file>', 'a row of an .npy, .fvecs or .fbin file, or a .json list')
    .option('--row <n>', 'which row of --vector-file', integerAtLeast(0), 0)
    .option('--like <id>', 'the vector of this point, which is left out of the results')
    .option('--using <name>', 'compare this named vector', '')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .option('-n, --limit <n>', 'how many points', integerAtLeast(1), 10)
    .option(
      '--filter <json>',
      'only points that pass it, as in the REST interface (or @file)',
      filterOption,
    )
    .option('--score-threshold <score>', 'only points nearer than this', finiteNumber)
    .option('--ef <n>', 'candidates that the graph considers', integerAtLeast(1))
    .option('--exact', 'compare with every point')
    .option('--explain', 'tell how the search was done')
    .option('--fields <a,b>', 'payload keys to show; absent: all', commaSeparated)
    .option('--with-vectors', 'with --json: vectors too')
    .addHelpText('after', EXAMPLES)
    .action(async (options: SearchOptions, command: Command) => {
      const given = [options.vector, options.vectorFile, options.like].filter(
        (option) => option !== undefined,
      );
      if (given.length !== 1) {
        const only = given.length > 1 ? 'only ' : '';
        command.error(`error: ${only}one of --vector, --vector-file and --like is needed`);
      }
      await withSession(context, command, (session) => search(context, session, options));
    });
}

async function search(
  context: CliContext,
  session: Session,
  options: SearchOptions,
): Promise<void> {
  const vector = await queryVector(session, options);
  const like = options.like === undefined ? undefined : idJson(idFromArgument(options.like));
  const response = await session.call('Points.Search', {
    collection: options.collection ?? '',
    vector: vectorMessage(vector),
    using: options.using,
    limit: options.limit + (like === undefined ? 0 : 1),
    exact: options.exact === true,
    explain: options.explain === true,
    vectors: { all: options.withVectors === true && session.options.json === true },
    ...(options.filter === undefined ? {} : { filter: filterMessage(options.filter) }),
    ...(options.scoreThreshold === undefined ? {} : { scoreThreshold: options.scoreThreshold }),
    ...(options.ef === undefined ? {} : { ef: options.ef }),
  });
  const points = response.points
    .filter((point) => idJson(idFromMessage(point.id)) !== like)
    .slice(0, options.limit);
  const text =
    session.options.json === true
      ? jsonText(points, response)
      : tableText(points, response, options.fields, context.stdout.columns);
  await context.stdout.write(text);
}

function jsonText(points: readonly ScoredPointMessage[], response: SearchResponseMessage): string {
  const lines = points.map((point) => pointJsonLine(point, `,"score":${point.score}`));
  if (response.explanation) lines.push(JSON.stringify({ explanation: response.explanation }));
  return lines.map((line) => `${line}\n`).join('');
}

function tableText(
  points: readonly ScoredPointMessage[],
  response: SearchResponseMessage,
  fields: readonly string[] | undefined,
  columns: number | undefined,
): string {
  const table = payloadTable(
    [{ title: 'rank', align: 'right' }, { title: 'id' }, { title: 'score', align: 'right' }],
    points.map((point, index) => ({
      cells: [String(index + 1), String(idFromMessage(point.id)), point.score.toFixed(4)],
      id: String(idFromMessage(point.id)),
      payloadJson: point.payloadJson,
    })),
    fields,
    columns,
  );
  const explanation = response.explanation
    ? `\n${explanationText(response.explanation.segments, columns)}`
    : '';
  return points.length === 0 ? `nothing found\n${explanation}` : table + explanation;
}

async function queryVector(session: Session, options: SearchOptions): Promise<Float32Array> {
  if (options.vector !== undefined) return options.vector;
  if (options.vectorFile !== undefined) return vectorFromFile(options.vectorFile, options.row);
  const id = idFromArgument(must(options.like, 'one of three is given'));
  const { points } = await session.call('Points.Get', {
    collection: options.collection ?? '',
    ids: [idMessage(id)],
    vectors: { all: true },
  });
  const message = points[0]?.vectors[options.using];
  if (message === undefined) {
    throw new VectorDbError(
      'POINT_NOT_FOUND',
      points.length === 0
        ? `there is no point ${idJson(id)}`
        : `point ${idJson(id)} has no vector "${options.using}"`,
      { field: 'like' },
    );
  }
  return vectorFromMessage(message);
}

async function vectorFromFile(path: string, row: number): Promise<Float32Array> {
  if (extname(path).toLowerCase() === '.json') {
    let json: unknown;
    try {
      json = JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      throw new VectorDbError('INVALID_ARGUMENT', `${path} cannot be read as JSON`, {
        field: path,
        cause: error,
      });
    }
    return vectorFromJson(json);
  }
  await using file = await openVectorFile(path);
  return await file.row(row);
}
