import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS_MAX = 120_000;
const OUTPUT_LINES_MAX = 1_000;

/** A server in a process of its own, on free ports of the loopback interface. */
export interface ServerProcess {
  readonly pid: number;
  /** Without a slash at the end. */
  readonly restUrl: string;
  readonly grpcAddress: string;
  readonly metricsUrl: string;
  /** Milliseconds from its start to readiness. */
  readonly startMs: number;
  /** Lines it has written so far: the log. At most the last thousand. */
  readonly output: readonly string[];
  /** Resolves when the process ended: the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Sends a signal and waits for the end; gives the exit code, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface StartOptions {
  readonly dataDir: string;
  /** More flags, such as `--limits.batch_points_max=10`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node itself, such as `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
  /** Milliseconds until it has to be ready; two minutes unless told. */
  readonly readyMsMax?: number;
}

interface ReadyLine {
  readonly event?: string;
  readonly rest?: { readonly port: number };
  readonly grpc?: { readonly port: number };
  readonly metrics?: { readonly port: number };
}

/** A folder that is removed when the test is over. */
export async function temporaryFolder(
  prefix: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), `${prefix}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Starts the server of this checkout and waits until it says that it is ready. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  const startedAt = performance.now();
  const { child, ended } = spawnServer(options);
  const output: string[] = [];
  const { readyMsMax = START_MS_MAX } = options;
  const ready = await readyLine(child, ended, output, readyMsMax);
  return {
    pid: child.pid as number,
    restUrl: `http://127.0.0.1:${ready.rest?.port}`,
    grpcAddress: `127.0.0.1:${ready.grpc?.port}`,
    metricsUrl: `http://127.0.0.1:${ready.metrics?.port}/metrics`,
    startMs: performance.now() - startedAt,
    output,
    ended,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** Starts the server and kills it after a time, ready or not; resolves when it is gone. */
export async function killedWhileStarting(
  options: StartOptions & { readonly afterMs: number },
): Promise<void> {
  const { child, ended } = spawnServer(options);
  child.stdout?.resume();
  child.stderr?.resume();
  const timer = setTimeout(() => child.kill('SIGKILL'), options.afterMs);
  await ended;
  clearTimeout(timer);
}

function spawnServer(options: StartOptions): {
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;
} {
  const flags = [
    '--server.rest_port=0',
    '--server.grpc_port=0',
    '--monitoring.prometheus_port=0',
    `--server.data_dir=${options.dataDir}`,
  ];
  const nodeFlags = options.nodeFlags ?? [];
  const child = spawn(process.execPath, [...nodeFlags, MAIN, ...flags, ...(options.flags ?? [])], {
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return { child, ended };
}

async function readyLine(
  child: ChildProcess,
  ended: Promise<number | string>,
  output: string[],
  readyMsMax: number,
): Promise<ReadyLine> {
  const ready = Promise.withResolvers<ReadyLine>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      if (output.length > OUTPUT_LINES_MAX) output.shift();
      if (!line.includes('"ready"')) return;
      const parsed = JSON.parse(line) as ReadyLine;
      if (parsed.event === 'ready') ready.resolve(parsed);
    });
  }
  const failure = (why: string): void =>
    ready.reject(new Error(`the server ${why}:\n${output.join('\n')}`));
  void ended.then((code) => failure(`ended with ${code} before it was ready`));
  const timer = setTimeout(() => failure('was not ready in time'), readyMsMax);
  try {
    return await ready.promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
