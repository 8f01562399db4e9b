import { Command, Option } from 'commander';

import { PAYLOAD_INDEX_KINDS, TOKENIZERS } from '../../index/collection-schema.ts';
import type { CliContext } from '../cli-context.ts';
import { integerAtLeast } from '../option-parsers.ts';
import { withSession } from '../session.ts';
import { tellResult } from './tell-result.ts';

interface IndexOptions {
  readonly collection?: string;
  readonly kind: string;
  readonly tokenizer?: string;
  readonly lowercase?: boolean;
  readonly minTokenLength?: number;
  readonly maxTokenLength?: number;
}

/** `grape collections index`: payload indexes, which make filters fast. */
export function indexCommand(context: CliContext): Command {
  return new Command('index')
    .description('make and drop payload indexes')
    .addCommand(createCommand(context))
    .addCommand(dropCommand(context));
}

function createCommand(context: CliContext): Command {
  return new Command('create')
    .description('index a payload field, and wait until searches use it')
    .argument('<field>', 'a key path such as a.b')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .addOption(
      new Option('--kind <kind>', 'of the values')
        .choices([...PAYLOAD_INDEX_KINDS])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--tokenizer <name>', 'text indexes only').choices([...TOKENIZERS]))
    .option('--lowercase', 'text indexes: compare in lower case')
    .option('--no-lowercase', 'text indexes: tell upper from lower case')
    .option('--min-token-length <n>', 'text indexes only', integerAtLeast(1))
    .option('--max-token-length <n>', 'text indexes only', integerAtLeast(1))
    .action((field: string, options: IndexOptions, command: Command) =>
      withSession(context, command, async (session) => {
        const {
          collection = '',
          kind,
          tokenizer,
          lowercase,
          minTokenLength,
          maxTokenLength,
        } = options;
        const index = {
          kind: `PAYLOAD_INDEX_KIND_${kind.toUpperCase()}`,
          ...(tokenizer === undefined ? {} : { tokenizer: `TOKENIZER_${tokenizer.toUpperCase()}` }),
          ...(lowercase === undefined ? {} : { lowercase }),
          ...(minTokenLength === undefined ? {} : { minTokenLength }),
          ...(maxTokenLength === undefined ? {} : { maxTokenLength }),
        };
        // It takes as long as it takes: only the user ends it.
        await session.connection.call(
          'Collections.CreatePayloadIndex',
          { collection, field, index },
          { signal: context.signal },
        );
        await tellResult(context, session, `indexed "${field}"`, { indexed: field });
      }),
    );
}

function dropCommand(context: CliContext): Command {
  return new Command('drop')
    .description('drop a payload index')
    .argument('<field>', 'a key path such as a.b')
    .option('-c, --collection <name>', "the collection; absent: the server's default")
    .action((field: string, options: { readonly collection?: string }, command: Command) =>
      withSession(context, command, async (session) => {
        const { dropped } = await session.call('Collections.DropPayloadIndex', {
          collection: options.collection ?? '',
          field,
        });
        const text = dropped ? `dropped the index of "${field}"` : `"${field}" has no index`;
        await tellResult(context, session, text, { dropped });
      }),
    );
}
