import { Command } from 'commander';

import { VectorDbError } from '../../base/error.ts';
import type { CliContext } from '../cli-context.ts';
import { idFromArgument, idJson, pointJsonLine } from '../point-message.ts';
import { withSession } from '../session.ts';
import { idMessage } from '../../client/grpc/point-message.ts';

interface GetOptions {
  readonly collection?: string;
  readonly withVectors?: boolean;
}

const EXAMPLES = `
Examples:
  $ grape get n02084071
  $ grape get 42 '"42"' --with-vectors       the integer 42, and the string "42"`;

/** `grape get`: shows points by id. */
export function getCommand(context: CliContext): Command {
  return new Command('get')
    .description('show points by id, a JSON line each')
    .argument('<id...>', 'digits are an integer id, "digits" in double quotes a string')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .option('--with-vectors', 'vectors too')
    .addHelpText('after', EXAMPLES)
    .action((ids: readonly string[], options: GetOptions, command: Command) =>
      withSession(context, command, async (session) => {
        const wanted = ids.map(idFromArgument);
        const { points } = await session.call('Points.Get', {
          collection: options.collection ?? '',
          ids: wanted.map(idMessage),
          vectors: { all: options.withVectors === true },
        });
        const lines = points.map((point) => pointJsonLine(point, `,"version":${point.version}`));
        await context.stdout.write(lines.map((line) => `${line}\n`).join(''));
        const missing = new Set(wanted.map(idJson)).size - points.length;
        if (missing > 0) {
          throw new VectorDbError(
            'POINT_NOT_FOUND',
            `${missing} of the points ${missing === 1 ? 'is' : 'are'} not there`,
          );
        }
      }),
    );
}
