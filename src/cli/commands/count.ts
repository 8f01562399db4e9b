import { Command } from 'commander';

import type { Filter } from '../../index/filter/filter.ts';
import type { CliContext } from '../cli-context.ts';
import { filterMessage } from '../../client/grpc/filter-message.ts';
import { filterOption } from '../option-parsers.ts';
import { withSession } from '../session.ts';

interface CountOptions {
  readonly collection?: string;
  readonly filter?: Filter;
}

const EXAMPLES = `
Examples:
  $ grape count
  $ grape count --filter '{"must":{"key":"pos","match":{"value":"verb"}}}'`;

/** `grape count`: counts points. */
export function countCommand(context: CliContext): Command {
  return new Command('count')
    .description('count points, exactly')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .option('--filter <json>', 'only points that pass it (or @file)', filterOption)
    .addHelpText('after', EXAMPLES)
    .action((options: CountOptions, command: Command) =>
      withSession(context, command, async (session) => {
        const { count } = await session.call('Points.Count', {
          collection: options.collection ?? '',
          ...(options.filter === undefined ? {} : { filter: filterMessage(options.filter) }),
        });
        const json = session.options.json === true;
        await context.stdout.write(json ? `{"count":${count}}\n` : `${count}\n`);
      }),
    );
}
