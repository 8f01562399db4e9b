import { styleText } from 'node:util';
import type { LocalNode } from './local-node.ts';
import { logLine } from './log-line.ts';
import { type NodeEnd, NodeProcess } from './node-process.ts';

/** Collaborators of {@link LocalCluster}. */
export interface LocalClusterOptions {
  readonly nodes: readonly LocalNode[];
  /** Path of the server's entry. */
  readonly main: string;
  readonly write: (line: string) => void;
}

const COLOURS = ['cyan', 'magenta', 'green', 'yellow', 'blue', 'red'] as const;
const WAITING_TOLD_MS = 10_000;

/** Nodes that run side by side, their logs told apart by name and colour. */
export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #processes: readonly NodeProcess[];

  /** Starts all nodes. */
  constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#processes = options.nodes.map(
      (node) =>
        new NodeProcess({
          node,
          main: options.main,
          onLine: (line) => this.#tell(node, logLine(line)),
        }),
    );
    for (const each of this.#processes) void this.#watch(each);
  }

  /** Resolves when all nodes take requests; false where one of them ended before. */
  async ready(): Promise<boolean> {
    const outcomes = await Promise.all(
      this.#processes.map((each) =>
        each.ready(WAITING_TOLD_MS, (reason) => this.#note(each.node, `not ready yet: ${reason}`)),
      ),
    );
    return outcomes.every(Boolean);
  }

  /** Resolves when every node is gone. */
  async ended(): Promise<void> {
    await Promise.all(this.#processes.map(({ ended }) => ended));
  }

  /** Stops the nodes one after the other, the last one first. */
  async stop(): Promise<void> {
    for (const each of this.#processes.toReversed()) {
      await each.stop(() => this.#note(each.node, 'does not end; it is killed'));
    }
  }

  /** Ends all nodes at once. */
  kill(): void {
    for (const each of this.#processes) each.kill();
  }

  /** Where the nodes are. */
  table(): string {
    const rows = this.#processes.map(({ node, pid }) => [
      node.name,
      `http://${node.rest}`,
      node.grpc,
      `http://${node.metrics}/metrics`,
      node.raft,
      String(pid),
      node.dataDirectory,
    ]);
    const lines = [['node', 'REST', 'gRPC', 'metrics', 'between nodes', 'pid', 'data'], ...rows];
    const widths = lines[0]?.map((_, at) => Math.max(...lines.map((row) => row[at]?.length ?? 0)));
    return lines
      .map((row) => row.map((cell, at) => cell.padEnd(widths?.[at] ?? 0)).join('  '))
      .map((row) => row.trimEnd())
      .join('\n');
  }

  async #watch(process: NodeProcess): Promise<void> {
    const end = await process.ended;
    this.#note(
      process.node,
      process.isStopping ? `ended (${endText(end)})` : `ENDED BY ITSELF (${endText(end)})`,
    );
  }

  #note(node: LocalNode, text: string): void {
    this.#tell(node, styleText('bold', text));
  }

  #tell(node: LocalNode, text: string): void {
    const { nodes, write } = this.#options;
    const colour = COLOURS[nodes.indexOf(node) % COLOURS.length] ?? 'cyan';
    const width = Math.max(...nodes.map(({ name }) => name.length));
    write(`${styleText(colour, `${node.name.padEnd(width)} |`)} ${text}`);
  }
}

function endText(end: NodeEnd): string {
  return 'code' in end ? `exit code ${end.code}` : `signal ${end.signal}`;
}
