import { readFileSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { toVectorDbError } from '../base/error.ts';
import { helpText } from '../config/help-text.ts';
import { loadConfig, type LoadedConfig } from '../config/load-config.ts';
import { readMachine } from '../config/machine.ts';
import { printConfig } from '../config/print-config.ts';
import { createLogger } from '../observability/logger.ts';
import { createNode } from './create-node.ts';
import { packageVersion } from './package-version.ts';

const USAGE_EXIT_CODE = 2;
const FAILURE_EXIT_CODE = 1;

function load(argv: readonly string[]): LoadedConfig | undefined {
  try {
    return loadConfig({
      argv,
      env: process.env,
      readFile: (path) => readFileSync(path, 'utf8'),
      machine: readMachine(),
    });
  } catch (error) {
    process.stderr.write(`${toVectorDbError(error).message}\n`);
    return undefined;
  }
}

async function run({
  config,
  warnings,
}: Extract<LoadedConfig, { command: 'run' | 'check' | 'print' }>): Promise<number> {
  const log = createLogger({
    level: config.server.logLevel,
    nodeId: config.cluster.nodeId,
    pretty: process.stdout.isTTY,
    destination: process.stdout,
  });
  for (const warning of warnings) log.warn({ event: 'config_warning' }, warning);
  const stopped = Promise.withResolvers<string>();
  const starting = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopped.resolve(signal);
      starting.abort();
    });
  }
  // Whoever awaits it is told; a node that fails while it starts says so itself.
  stopped.promise.catch(() => undefined);
  try {
    const version = packageVersion();
    const startedAt = systemClock.monotonicMs();
    await using node = await createNode({
      config,
      version,
      log,
      clock: systemClock,
      signal: starting.signal,
      onFatal: (error) => {
        stopped.reject(error);
        starting.abort();
      },
    });
    const { rest, grpc, metrics } = node;
    const startMs = Math.round(systemClock.monotonicMs() - startedAt);
    log.info(
      { event: 'ready', version, rest, grpc, metrics, startMs },
      `ready on ${config.server.tlsCertPath === '' ? 'http' : 'https'}://${rest.host}:${rest.port}`,
    );
    const signal = await stopped.promise;
    log.info({ event: 'stopping', signal }, 'stopping');
  } catch (thrown) {
    const isStopped = starting.signal.aborted && toVectorDbError(thrown).code === 'CANCELLED';
    // What ended the wait for a cluster: an order, or a failure that says why.
    const error = isStopped
      ? await stopped.promise.then(
          () => undefined,
          (why: unknown) => why,
        )
      : thrown;
    if (error === undefined) {
      log.info({ event: 'stopped' }, 'stopped before it was ready');
      return 0;
    }
    const { code, message } = toVectorDbError(error);
    // Where a bug is, its message alone does not tell.
    log.fatal({ event: 'failed', code, ...(code === 'INTERNAL' && { err: error }) }, message);
    return FAILURE_EXIT_CODE;
  }
  log.info({ event: 'stopped' }, 'stopped');
  return 0;
}

/** The server as a program: arguments and settings in, a node up, until a signal takes it down. Resolves to the exit code. */
export async function runServer(argv: readonly string[]): Promise<number> {
  const loaded = load(argv);
  switch (loaded?.command) {
    case undefined:
      return USAGE_EXIT_CODE;
    case 'help':
      process.stdout.write(helpText());
      return 0;
    case 'version':
      process.stdout.write(`grape-vector-db-server ${packageVersion()}\n`);
      return 0;
    case 'print':
      process.stdout.write(printConfig(loaded.config, loaded.printFormat));
      return 0;
    case 'check': {
      const warnings = loaded.warnings.map((warning) => `warning: ${warning}`);
      process.stdout.write([...warnings, 'the settings are right', ''].join('\n'));
      return 0;
    }
    case 'run':
      return run(loaded);
  }
}
