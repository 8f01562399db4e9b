#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { systemClock } from './base/clock.ts';
import { toVectorDbError } from './base/error.ts';
import { helpText } from './config/help-text.ts';
import { loadConfig, type LoadedConfig } from './config/load-config.ts';
import { readMachine } from './config/machine.ts';
import { printConfig } from './config/print-config.ts';
import { createLogger } from './observability/logger.ts';
import { createNode } from './server/create-node.ts';
import { packageVersion } from './server/package-version.ts';

/** Process entry of the server: arguments and settings in, a node up, until a signal takes it down. */

const USAGE_EXIT_CODE = 2;
const FAILURE_EXIT_CODE = 1;

function refuse(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = USAGE_EXIT_CODE;
}

function load(): LoadedConfig | undefined {
  try {
    return loadConfig({
      argv: process.argv.slice(2),
      env: process.env,
      readFile: (path) => readFileSync(path, 'utf8'),
      machine: readMachine(),
    });
  } catch (error) {
    refuse(toVectorDbError(error).message);
    return undefined;
  }
}

async function run({
  config,
  warnings,
}: Extract<LoadedConfig, { command: 'run' | 'check' | 'print' }>): Promise<void> {
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
      return;
    }
    const { code, message } = toVectorDbError(error);
    // Where a bug is, its message alone does not tell.
    log.fatal({ event: 'failed', code, ...(code === 'INTERNAL' && { err: error }) }, message);
    process.exitCode = FAILURE_EXIT_CODE;
    return;
  }
  log.info({ event: 'stopped' }, 'stopped');
}

const loaded = load();
switch (loaded?.command) {
  case undefined:
    break;
  case 'help':
    process.stdout.write(helpText());
    break;
  case 'version':
    process.stdout.write(`grape-vector-db-server ${packageVersion()}\n`);
    break;
  case 'print':
    process.stdout.write(printConfig(loaded.config, loaded.printFormat));
    break;
  case 'check':
  case 'run': {
    if (loaded.command === 'run') await run(loaded);
    else
      process.stdout.write(
        [
          ...loaded.warnings.map((warning) => `warning: ${warning}`),
          'the settings are right',
          '',
        ].join('\n'),
      );
  }
}
