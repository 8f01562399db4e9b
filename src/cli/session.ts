import type { Command } from 'commander';

import { systemClock } from '../base/clock.ts';
import { holdProcess } from '../base/hold-process.ts';
import type { CliContext } from './cli-context.ts';
import { GrapeConnection } from '../client/grpc/grape-connection.ts';
import type { GrapeMethod, GrapeMethods } from '../client/grpc/grape-messages.ts';
import { secondsOption } from './option-parsers.ts';

/** Options that every command takes. */
export interface SharedOptions {
  readonly url: string;
  readonly apiKey?: string;
  readonly tls?: boolean;
  readonly ca?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Declares {@link SharedOptions} on the program, for all its commands. */
export function declareSharedOptions(program: Command): void {
  program
    .option('--url <host:port>', 'the gRPC address of a server (or GRAPE_URL)', '127.0.0.1:6334')
    .option('--api-key <key>', 'the API key (better: GRAPE_API_KEY)')
    .option('--tls', 'connect by TLS')
    .option('--ca <file>', 'trust the certificates in this PEM file; implies --tls')
    .addOption(secondsOption('--timeout <seconds>', 'how long a request may take', 60))
    .option('--json', 'write JSON instead of text for people')
    .option('--verbose', 'tell more about errors');
}

/** A connected command. */
export interface Session {
  readonly connection: GrapeConnection;
  readonly options: SharedOptions;
  /** A request that ends with the command's signal and within its timeout. */
  call<K extends GrapeMethod>(
    method: K,
    request: GrapeMethods[K]['request'],
  ): Promise<GrapeMethods[K]['response']>;
}

/** Runs a command's work with a connection, which is closed afterwards. */
export async function withSession(
  context: CliContext,
  command: Command,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<SharedOptions>();
  const fromDefault = command.getOptionValueSourceWithGlobals('url') === 'default';
  const url = fromDefault ? (context.env['GRAPE_URL'] ?? options.url) : options.url;
  using _hold = holdProcess();
  using connection = new GrapeConnection({
    url,
    apiKey: options.apiKey ?? context.env['GRAPE_API_KEY'],
    tls: options.tls,
    caPath: options.ca,
    clock: systemClock,
  });
  await work({
    connection,
    options,
    call: (method, request) =>
      connection.call(method, request, { timeoutMs: options.timeout, signal: context.signal }),
  });
}
