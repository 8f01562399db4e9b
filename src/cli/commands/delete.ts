import { Command } from 'commander';

import type { Filter } from '../../index/filter/filter.ts';
import type { CliContext } from '../cli-context.ts';
import { filterMessage } from '../../client/grpc/filter-message.ts';
import { filterOption } from '../option-parsers.ts';
import { idFromArgument } from '../point-message.ts';
import { withSession } from '../session.ts';
import { groupedInteger } from '../terminal/figures.ts';
import { idMessage } from '../../client/grpc/point-message.ts';

interface DeleteOptions {
  readonly collection?: string;
  readonly filter?: Filter;
}

const EXAMPLES = `
Examples:
  $ grape delete n02084071 42
  $ grape delete --filter '{"must":{"key":"pos","match":{"value":"verb"}}}'
  $ grape delete --filter '{}'                     every point of the collection`;

/** `grape delete`: deletes points. */
export function deleteCommand(context: CliContext): Command {
  return new Command('delete')
    .description('delete points by id or by filter')
    .argument('[id...]', 'digits are an integer id, "digits" in double quotes a string')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .option('--filter <json>', 'the points that pass it (or @file)', filterOption)
    .addHelpText('after', EXAMPLES)
    .action((ids: readonly string[], options: DeleteOptions, command: Command) => {
      if (ids.length > 0 === (options.filter !== undefined)) {
        command.error('error: either ids or --filter is needed');
      }
      return withSession(context, command, async (session) => {
        const { changed } = await session.call('Points.Delete', {
          collection: options.collection ?? '',
          selector:
            options.filter === undefined
              ? { ids: { ids: ids.map((id) => idMessage(idFromArgument(id))) } }
              : { filter: filterMessage(options.filter) },
        });
        const json = session.options.json === true;
        await context.stdout.write(
          json ? `{"deleted":${changed}}\n` : `deleted ${groupedInteger(changed)} points\n`,
        );
      });
    });
}
