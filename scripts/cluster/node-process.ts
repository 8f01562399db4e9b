import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pause, systemClock } from '../../src/base/clock.ts';
import type { LocalNode } from './local-node.ts';

/** How a process ended. */
export type NodeEnd = { readonly code: number } | { readonly signal: string };

/** Collaborators of {@link NodeProcess}. */
export interface NodeProcessOptions {
  readonly node: LocalNode;
  /** Path of the server's entry. */
  readonly main: string;
  /** Told of each line that it writes. */
  readonly onLine: (line: string) => void;
}

/** Longer than the server's own `shutdown_timeout_ms`, which ends what hangs in order. */
const STOP_MS_MAX = 40_000;
const ASK_MS_MAX = 2_000;
const ASK_AGAIN_MS = 200;

/** The server of one node in a process of its own. */
export class NodeProcess {
  readonly node: LocalNode;
  /** Resolves when the process is gone. */
  readonly ended: Promise<NodeEnd>;
  readonly #child: ChildProcess;
  #isAsked = false;
  #isGone = false;

  constructor({ node, main, onLine }: NodeProcessOptions) {
    this.node = node;
    // In a process group of its own: Ctrl-C at the terminal is for whoever runs the nodes, who then stops them one by one.
    this.#child = spawn(process.execPath, [main, ...node.flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream !== null) createInterface({ input: stream }).on('line', onLine);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        onLine(`cannot be started: ${error.message}`);
        resolve({ code: 1 });
      });
      this.#child.once('close', (code, signal) => {
        this.#isGone = true;
        resolve(signal === null ? { code: code ?? 0 } : { signal });
      });
    });
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it was told to end: another end is its own doing. */
  get isStopping(): boolean {
    return this.#isAsked;
  }

  /** Why it takes no requests yet; undefined: it takes them. */
  async unreadiness(): Promise<string | undefined> {
    try {
      const answer = await fetch(`http://${this.node.rest}/readyz`, {
        signal: AbortSignal.timeout(ASK_MS_MAX),
      });
      const { reasons } = (await answer.json()) as { readonly reasons?: readonly string[] };
      return answer.ok ? undefined : (reasons ?? []).join('; ') || `status ${answer.status}`;
    } catch {
      return 'does not listen yet';
    }
  }

  /** Resolves when it takes requests, or is gone; `onWaiting` is told why it does not, about every `everyMs`. */
  async ready(everyMs: number, onWaiting: (reason: string) => void): Promise<boolean> {
    let toldAt = systemClock.monotonicMs();
    while (!this.#isGone) {
      const reason = await this.unreadiness();
      if (reason === undefined) return true;
      if (systemClock.monotonicMs() - toldAt >= everyMs) {
        toldAt = systemClock.monotonicMs();
        onWaiting(reason);
      }
      const wait = new AbortController();
      // The timer of `pause` keeps no process alive; here the child does.
      await Promise.race([pause(systemClock, ASK_AGAIN_MS, wait.signal), this.ended]);
      wait.abort();
    }
    return false;
  }

  /** Asks it to end and waits; one that does not end in 40 seconds is killed, and `onKill` is told first. */
  async stop(onKill: () => void): Promise<NodeEnd> {
    this.#isAsked = true;
    if (!this.#isGone) this.#child.kill('SIGTERM');
    const waited = new AbortController();
    const late = pause(systemClock, STOP_MS_MAX, waited.signal).then(() => 'late' as const);
    if ((await Promise.race([this.ended, late])) === 'late') {
      onKill();
      this.kill();
    }
    waited.abort();
    return this.ended;
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    this.#isAsked = true;
    this.#child.kill('SIGKILL');
  }
}
