import { Command } from 'commander';

import type { CliContext } from '../cli-context.ts';
import type { AliasActionMessage } from '../../client/grpc/grape-messages.ts';
import { withSession } from '../session.ts';
import { renderTable } from '../terminal/table.ts';
import { tellResult } from './tell-result.ts';

/** `grape collections alias`: other names for collections. */
export function aliasCommand(context: CliContext): Command {
  const alias = new Command('alias').description('list, make, delete and rename aliases');
  alias
    .command('list', { isDefault: true })
    .description('list all aliases')
    .action((_options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const { aliases } = await session.call('Collections.ListAliases', {});
        await context.stdout.write(
          session.options.json === true
            ? aliases.map((entry) => `${JSON.stringify(entry)}\n`).join('')
            : renderTable(
                [{ title: 'alias' }, { title: 'collection' }],
                aliases.map((entry) => [entry.alias, entry.collection]),
                context.stdout.columns,
              ),
        );
      }),
    );
  const change = (
    usage: string,
    description: string,
    actionOf: (first: string, second: string) => AliasActionMessage,
  ): void => {
    alias
      .command(usage)
      .description(description)
      .action((...args: readonly unknown[]) => {
        const command = args.at(-1) as Command;
        const [first = '', second = ''] = command.args;
        return withSession(context, command, async (session) => {
          await session.call('Collections.UpdateAliases', { actions: [actionOf(first, second)] });
          await tellResult(context, session, 'done', { done: true });
        });
      });
  };
  change('create <alias> <collection>', 'make an alias', (name, collection) => ({
    create: { alias: name, collection },
  }));
  change('delete <alias>', 'delete an alias', (name) => ({ delete: { alias: name } }));
  change('rename <alias> <new-alias>', 'rename an alias', (name, newAlias) => ({
    rename: { alias: name, newAlias },
  }));
  return alias;
}
