import { Command } from 'commander';

import type { CliContext } from '../cli-context.ts';
import { withSession } from '../session.ts';
import { groupedInteger } from '../terminal/figures.ts';

const EXAMPLES = `
Examples:
  $ grape info
  $ grape info --url db.example:6334 --tls --json | jq .limits`;

/** `grape info`: tells what the server is and how it is. */
export function infoCommand(context: CliContext): Command {
  return new Command('info')
    .description('tell the version, state and limits of the server')
    .addHelpText('after', EXAMPLES)
    .action((_options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const info = await session.call('Node.Info', {});
        if (session.options.json === true) {
          await context.stdout.write(`${JSON.stringify(info)}\n`);
          return;
        }
        const lines: (readonly [string, string])[] = [
          ['server', `${session.connection.url}, version ${info.version}`],
          ['ready', info.ready ? 'yes' : `no: ${info.reasons.join('; ')}`],
          ['writable', info.writable ? 'yes' : `no: ${info.reasons.join('; ')}`],
          ['collections', groupedInteger(info.collections)],
          ['points', groupedInteger(info.points)],
          ['default collection', info.defaultCollection],
        ];
        await context.stdout.write(
          lines.map(([name, value]) => `${name.padEnd(20)}${value}\n`).join(''),
        );
      }),
    );
}
