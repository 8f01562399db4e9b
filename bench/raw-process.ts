import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { cachePath } from './cache-folder.ts';
import { clusteredName } from './clustered-data.ts';
import { type GraphShape, type RawKind, SAME_SHAPE } from './raw-libraries.ts';
import type { RawAnswer, RawRequest, RawStart } from './raw-messages.ts';

const WORKER = fileURLToPath(new URL('raw-worker.ts', import.meta.url));

/** One library in a process of its own, over the clustered data. Ends with its scope. */
export class RawProcess implements AsyncDisposable {
  readonly kind: RawKind;
  readonly #rows: number;
  readonly #shape: GraphShape;
  readonly #child: ChildProcess;

  constructor(kind: RawKind, rows: number, queries: number, shape: GraphShape = SAME_SHAPE) {
    this.kind = kind;
    this.#rows = rows;
    this.#shape = shape;
    const start: RawStart = { kind, rows, queries, shape };
    this.#child = fork(WORKER, [JSON.stringify(start)], { execArgv: [] });
  }

  /** One thing at a time. @throws where the process ended */
  async ask(request: RawRequest): Promise<RawAnswer> {
    const ended = new AbortController();
    const exit = once(this.#child, 'exit', ended).then(([code]) => {
      throw new Error(`the process of ${this.kind} ended with ${code}`);
    });
    exit.catch(() => undefined);
    try {
      this.#child.send(request);
      const [answer] = (await Promise.race([once(this.#child, 'message', ended), exit])) as [
        RawAnswer,
      ];
      return answer;
    } finally {
      ended.abort();
    }
  }

  /** Loads the graph that was built and kept the first time; gives what building took then. */
  async buildOnce(): Promise<RawAnswer> {
    const { m, efConstruction } = this.#shape;
    const name = `${this.kind.replace(' ', '-')}-${clusteredName(this.#rows)}-m${m}-ef${efConstruction}`;
    const graph = cachePath(`${name}.graph`);
    const record = cachePath(`${name}.json`);
    if (existsSync(record)) {
      await this.ask({ kind: 'load', path: graph });
      return JSON.parse(readFileSync(record, 'utf8')) as RawAnswer;
    }
    const built = await this.ask({ kind: 'build' });
    await this.ask({ kind: 'save', path: graph });
    writeFileSync(`${record}.partial`, JSON.stringify(built));
    renameSync(`${record}.partial`, record);
    return built;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
