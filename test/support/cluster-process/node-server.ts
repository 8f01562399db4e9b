import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { metricValues } from '../metric-values.ts';

/** Where a node of a cluster is, and how it is started. */
export interface NodeServerOptions {
  readonly name: string;
  readonly dataDirectory: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly raftPort: number;
  readonly flags: readonly string[];
}

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const LINES_MAX = 5_000;
const READY_MS_MAX = 60_000;
const ASK_MS_MAX = 1_000;
const ASK_AGAIN_MS = 50;
const STOP_MS_MAX = 40_000;

/** Processes that have to end with this one. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** One node as a process of its own, which is started and ended again and again on the same data and ports. */
export class NodeServer implements AsyncDisposable {
  readonly name: string;
  readonly restUrl: string;
  readonly grpcUrl: string;
  readonly #options: NodeServerOptions;
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<number | string> = Promise.resolve(0);

  constructor(options: NodeServerOptions) {
    this.#options = options;
    this.name = options.name;
    this.restUrl = `http://127.0.0.1:${options.restPort}`;
    this.grpcUrl = `grpc://127.0.0.1:${options.grpcPort}`;
  }

  get dataDirectory(): string {
    return this.#options.dataDirectory;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** @throws {Error} it does not run */
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  /** Resolves when the process ended: the exit code, or the signal's name. */
  get ended(): Promise<number | string> {
    return this.#ended;
  }

  /** The newest lines of its log, over all its lives. */
  get log(): readonly string[] {
    return this.#lines;
  }

  /** Starts it; it is not ready when this returns. */
  start(): void {
    if (this.#child !== undefined) throw new Error(`${this.name} runs`);
    const child = spawn(process.execPath, [MAIN, ...this.#options.flags], {
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    alive.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        alive.delete(child);
        if (this.#child === child) this.#child = undefined;
        this.#keep(`ended: ${code ?? signal}`);
        resolve(code ?? signal ?? 'unknown');
      });
    });
  }

  /** Why it takes no requests; undefined: it takes them. */
  async unreadiness(): Promise<string | undefined> {
    try {
      const answer = await fetch(`${this.restUrl}/readyz`, {
        signal: AbortSignal.timeout(ASK_MS_MAX),
      });
      return answer.ok ? undefined : await answer.text();
    } catch (error) {
      return String(error);
    }
  }

  /** What `/raft/metrics` shows: values by name with labels. */
  async raftMetrics(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.#options.raftPort}/raft/metrics`, {
      signal: AbortSignal.timeout(ASK_MS_MAX),
    });
    if (!answer.ok) throw new Error(`/raft/metrics: ${answer.status}`);
    return metricValues(await answer.text());
  }

  /** Waits until it takes requests. @throws {Error} it does not in time, or ended */
  async ready(msMax = READY_MS_MAX): Promise<void> {
    const end = performance.now() + msMax;
    for (;;) {
      const reason = await this.unreadiness();
      if (reason === undefined) return;
      if (this.#child === undefined || performance.now() > end) {
        throw new Error(
          `${this.name} is not ready: ${reason}\n${this.#lines.slice(-20).join('\n')}`,
        );
      }
      await wait(ASK_AGAIN_MS);
    }
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end; gives its exit code. One that does not end is killed. */
  async stop(): Promise<number | string> {
    const child = this.#child;
    child?.kill('SIGTERM');
    const late = setTimeout(() => child?.kill('SIGKILL'), STOP_MS_MAX);
    const code = await this.#ended;
    clearTimeout(late);
    return code;
  }

  /** Holds the process where it is. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Removes all its data; it must not run. */
  async wipe(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.name} runs`);
    await rm(this.#options.dataDirectory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that is paused would not see any other signal.
    await this.kill();
  }

  #keep(line: string): void {
    this.#lines.push(`${new Date().toISOString().slice(11, 23)} ${line}`);
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
  }
}
