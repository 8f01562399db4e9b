import { Command, CommanderError } from 'commander';

import { toVectorDbError, type VectorDbError } from '../base/error.ts';
import type { CliContext } from './cli-context.ts';
import { clusterCommand } from './commands/cluster.ts';
import { collectionsCommand } from './commands/collections.ts';
import { countCommand } from './commands/count.ts';
import { deleteCommand } from './commands/delete.ts';
import { exportCommand } from './commands/export.ts';
import { getCommand } from './commands/get.ts';
import { importCommand } from './commands/import.ts';
import { infoCommand } from './commands/info.ts';
import { searchCommand } from './commands/search.ts';
import { declareSharedOptions, type SharedOptions } from './session.ts';
import { plainText } from './terminal/text-width.ts';

/** Every command there is, ready to be parsed once. */
export function grapeProgram(context: CliContext): Command {
  const program = new Command('grape');
  const write = (output: CliContext['stdout']) => (text: string) => void output.write(text);
  program
    .description(
      'Talks to a Grape server: imports, searches, exports, and looks after collections and the cluster.',
    )
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: write(context.stdout),
      writeErr: write(context.stderr),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    })
    .exitOverride();
  declareSharedOptions(program);
  const commands = [
    importCommand,
    searchCommand,
    exportCommand,
    getCommand,
    countCommand,
    deleteCommand,
    collectionsCommand,
    clusterCommand,
    infoCommand,
  ];
  for (const command of commands) program.addCommand(adopt(command(context), program));
  return program;
}

/** What a command made on its own does not inherit. */
function adopt(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) adopt(child, command);
  return command;
}

/** Exit codes: done, failed, called wrongly. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/**
 * Runs one command line.
 *
 * @param args - without the program's own name
 * @returns the exit code: 0 done; 1 it failed, and one line on stderr says why; 2 the command line is wrong
 */
export async function runGrape(args: readonly string[], context: CliContext): Promise<number> {
  const program = grapeProgram(context);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const error = toVectorDbError(thrown);
    await context.stderr.write(errorText(error, program.opts<SharedOptions>().verbose === true));
    return error.field?.startsWith('--') ? EXIT.usage : EXIT.failure;
  }
}

function errorText(error: VectorDbError, verbose: boolean): string {
  const repeated = error.field === undefined || error.message.startsWith(error.field);
  const field = repeated ? '' : ` ${error.field}:`;
  const line = `grape: ${error.code}:${field} ${plainText(error.message)}\n`;
  if (!verbose) return line;
  const retry = error.retryAfterMs === undefined ? '' : `retry after ${error.retryAfterMs} ms\n`;
  return `${line}${retry}${error.stack ?? ''}\n${causes(error.cause)}`;
}

function causes(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  return `caused by ${cause.stack ?? cause.message}\n${causes(cause.cause)}`;
}
