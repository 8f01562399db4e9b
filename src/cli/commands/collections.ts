import { Command, InvalidArgumentError, Option } from 'commander';

import { DISTANCES, type Distance } from '../../index/distance.ts';
import { QUANTIZATIONS } from '../../index/collection-schema.ts';
import type { CliContext } from '../cli-context.ts';
import type { VectorConfigMessage } from '../../client/grpc/grape-messages.ts';
import { integerAtLeast } from '../option-parsers.ts';
import { withSession } from '../session.ts';
import { collectionsTable, collectionText } from '../terminal/collection-text.ts';
import { aliasCommand } from './collection-aliases.ts';
import { indexCommand } from './collection-indexes.ts';
import { tellResult } from './tell-result.ts';

interface CreateOptions {
  readonly dimension?: number;
  readonly distance: string;
  readonly vector?: Readonly<Record<string, VectorConfigMessage>>;
  readonly quantization?: string;
  readonly m?: number;
  readonly efConstruction?: number;
  readonly efSearch?: number;
}

const EXAMPLES = `
Examples:
  $ grape collections
  $ grape collections create words --dimension 768 --distance cosine
  $ grape collections create pages --vector title:384:cosine --vector text:768:dot
  $ grape collections describe words
  $ grape collections alias create current words
  $ grape collections index create pos --kind keyword -c words
  $ grape collections drop words`;

/** `grape collections`: looks after collections, their aliases and payload indexes. */
export function collectionsCommand(context: CliContext): Command {
  return new Command('collections')
    .description('list, make, describe and drop collections, aliases and payload indexes')
    .addCommand(listCommand(context), { isDefault: true })
    .addCommand(createCommand(context))
    .addCommand(describeCommand(context))
    .addCommand(dropCommand(context))
    .addCommand(optimizeCommand(context))
    .addCommand(aliasCommand(context))
    .addCommand(indexCommand(context))
    .addHelpText('after', EXAMPLES);
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list all collections')
    .action((_options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const { collections } = await session.call('Collections.List', {});
        await context.stdout.write(
          session.options.json === true
            ? collections.map((entry) => `${JSON.stringify(entry)}\n`).join('')
            : collectionsTable(collections, context.stdout.columns),
        );
      }),
    );
}

function createCommand(context: CliContext): Command {
  return new Command('create')
    .description('make a collection')
    .argument('<name>')
    .option('--dimension <n>', 'numbers of the unnamed vector', integerAtLeast(1))
    .addOption(
      new Option('--distance <name>', 'of the unnamed vector')
        .choices([...DISTANCES])
        .default('cosine'),
    )
    .option('--vector <name:dimension:distance>', 'a named vector; may come again', namedVector)
    .addOption(
      new Option('--quantization <kind>', 'how graphs keep vectors').choices([...QUANTIZATIONS]),
    )
    .option('--m <n>', 'links of a graph node', integerAtLeast(2))
    .option('--ef-construction <n>', 'candidates when a point is added', integerAtLeast(1))
    .option('--ef-search <n>', 'candidates of a search that does not say', integerAtLeast(1))
    .action((name: string, options: CreateOptions, command: Command) => {
      if (options.dimension === undefined && options.vector === undefined) {
        command.error('error: --dimension or --vector is needed');
      }
      return withSession(context, command, async (session) => {
        await session.call('Collections.Create', { name, vectors: vectorsOf(options) });
        await tellResult(context, session, `created "${name}"`, { created: name });
      });
    });
}

function vectorsOf(options: CreateOptions): Record<string, VectorConfigMessage> {
  const shared = {
    ...(options.quantization === undefined
      ? {}
      : { quantization: `QUANTIZATION_${options.quantization.toUpperCase()}` }),
    ...(options.m === undefined ? {} : { m: options.m }),
    ...(options.efConstruction === undefined ? {} : { efConstruction: options.efConstruction }),
    ...(options.efSearch === undefined ? {} : { efSearch: options.efSearch }),
  };
  const unnamed =
    options.dimension === undefined
      ? {}
      : { '': vectorConfig(options.dimension, options.distance) };
  return Object.fromEntries(
    Object.entries({ ...unnamed, ...options.vector }).map(([name, config]) => [
      name,
      { ...config, ...shared },
    ]),
  );
}

function vectorConfig(dimension: number, distance: string): VectorConfigMessage {
  return { dimension, distance: `DISTANCE_${distance.toUpperCase()}` };
}

function namedVector(
  text: string,
  others: Readonly<Record<string, VectorConfigMessage>> = {},
): Readonly<Record<string, VectorConfigMessage>> {
  const match = /^(.+):(\d+):([a-z]+)$/.exec(text);
  const [, name = '', dimension = '', distance = ''] = match ?? [];
  if (match === null || !DISTANCES.includes(distance as Distance)) {
    throw new InvalidArgumentError(`name:dimension:distance is needed, such as title:384:cosine.`);
  }
  return { ...others, [name]: vectorConfig(integerAtLeast(1)(dimension), distance) };
}

function describeCommand(context: CliContext): Command {
  return new Command('describe')
    .description("tell a collection's schema and state")
    .argument('[name]', "absent: the server's default")
    .action((name: string | undefined, _options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const { collection } = await session.call('Collections.Describe', {
          collection: name ?? '',
        });
        await context.stdout.write(
          session.options.json === true
            ? `${JSON.stringify(collection)}\n`
            : collectionText(collection, context.stdout.columns),
        );
      }),
    );
}

function dropCommand(context: CliContext): Command {
  return new Command('drop')
    .description('delete a collection with all its points')
    .argument('<name>')
    .action((name: string, _options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const { dropped } = await session.call('Collections.Drop', { collection: name });
        const text = dropped ? `dropped "${name}"` : `there was no collection "${name}"`;
        await tellResult(context, session, text, { dropped });
      }),
    );
}

function optimizeCommand(context: CliContext): Command {
  return new Command('optimize')
    .description('merge segments now, and wait until it is done')
    .argument('[name]', "absent: the server's default")
    .action((name: string | undefined, _options: object, command: Command) =>
      withSession(context, command, async (session) => {
        // It takes as long as it takes: only the user ends it.
        await session.connection.call(
          'Collections.Optimize',
          { collection: name ?? '' },
          { signal: context.signal },
        );
        await tellResult(context, session, 'optimized', { optimized: true });
      }),
    );
}
