import { VectorDbError } from '../../base/error.ts';
import type { Entry } from '../core/entry.ts';

interface Task {
  readonly run: () => Promise<void>;
  readonly cancel: (error: Error) => void;
}

export interface ApplyPipelineOptions {
  /** Applies the first of the entries; how many. */
  readonly apply: (entries: readonly Entry[]) => Promise<number>;
  /** The state machine failed, for good. */
  readonly onError: (error: unknown) => void;
}

/** What a state machine is to do, one after the other: steps of entries, and tasks that need it to stand still, such as taking a snapshot. */
export class ApplyPipeline {
  readonly #options: ApplyPipelineOptions;
  readonly #tasks: Task[] = [];
  #entries: Entry[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: ApplyPipelineOptions) {
    this.#options = options;
  }

  /** Bytes of entries that are not applied. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Committed entries, which follow those given before. */
  push(entries: readonly Entry[]): void {
    if (entries.length === 0 || this.#isStopped) return;
    this.#bytes += bytesOf(entries);
    for (const entry of entries) this.#entries.push(entry);
    this.#running ??= this.#run();
  }

  /**
   * Runs before the next step, when the one under way has ended.
   *
   * @throws {VectorDbError} SHUTTING_DOWN where it is stopped first
   */
  task<T>(run: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#isStopped) {
      reject(stopped());
      return promise;
    }
    const settle = async (): Promise<void> => {
      try {
        resolve(await run());
      } catch (error) {
        reject(error);
      }
    };
    this.#tasks.push({ run: settle, cancel: reject });
    this.#running ??= this.#run();
    return promise;
  }

  /** Entries that wait are not needed: another state, which has them, takes the machine's place. To be called while a task runs. */
  forget(): void {
    this.#entries = [];
    this.#bytes = 0;
  }

  /** Nothing more is begun; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { cancel } of this.#tasks.splice(0)) cancel(stopped());
    this.#entries = [];
    await this.#running;
  }

  async #run(): Promise<void> {
    // What asked for this goes on first: a turn is not interrupted by a state machine.
    await Promise.resolve();
    try {
      while (this.#tasks.length > 0 || this.#entries.length > 0) {
        const task = this.#tasks.shift();
        if (task === undefined) await this.#applyNext();
        else await task.run();
      }
      this.#running = undefined;
    } catch (error) {
      this.#isStopped = true;
      this.#options.onError(error);
    }
  }

  async #applyNext(): Promise<void> {
    const count = await this.#options.apply(this.#entries);
    const applied = this.#entries.splice(0, count);
    this.#bytes -= bytesOf(applied);
  }
}

const stopped = (): VectorDbError => new VectorDbError('SHUTTING_DOWN', 'the group is closed');

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { data }) => sum + data.byteLength, 0);
}
