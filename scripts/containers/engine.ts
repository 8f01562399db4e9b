import { spawn } from 'node:child_process';

/** What a command wrote, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Where compose commands run. */
export interface EngineOptions {
  /** The client, such as `docker`. */
  readonly docker: string;
  /** Folder with docker-compose.yml. */
  readonly folder: string;
}

/** Commands of a container engine, and of compose in one folder. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #compose: readonly string[];

  private constructor(options: EngineOptions, compose: readonly string[]) {
    this.#options = options;
    this.#compose = compose;
  }

  /** The engine of this machine; a text: why there is none that can be used. */
  static async find(options: EngineOptions): Promise<Engine | string> {
    const { docker } = options;
    if ((await run([docker, 'info'])).code !== 0)
      return `no container engine answers (${docker} info)`;
    for (const compose of [[docker, 'compose'], ['docker-compose']])
      if ((await run([...compose, 'version'])).code === 0) return new Engine(options, compose);
    return 'neither docker compose nor docker-compose is there';
  }

  /** What a command of the engine wrote. @throws Error when it fails */
  async docker(...parts: readonly string[]): Promise<string> {
    return this.#must([this.#options.docker, ...parts]);
  }

  /** What a command of compose wrote. @throws Error when it fails */
  async compose(...parts: readonly string[]): Promise<string> {
    return this.#must([...this.#compose, ...parts]);
  }

  /** As {@link docker}, but a failure is an outcome. */
  async tryDocker(...parts: readonly string[]): Promise<Outcome> {
    return run([this.#options.docker, ...parts]);
  }

  async #must(command: readonly string[]): Promise<string> {
    const { code, output } = await run(command, this.#options.folder);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${output}`);
    return output.trim();
  }
}

function run(command: readonly string[], folder?: string): Promise<Outcome> {
  const [program = '', ...parts] = command;
  const child = spawn(program, parts, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, output: error.message }));
    child.once('close', (code) =>
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') }),
    );
  });
}
