import type { MigrationStatusMessage } from '../../client/grpc/cluster-messages.ts';
import { moveText } from './cluster-text.ts';
import type { Output } from './output.ts';

/**
 * Moves as they go on: on a terminal a line for each that is drawn over again; elsewhere a line whenever one begins, takes its next step or ends.
 */
export class MoveLines {
  readonly #output: Output;
  /** Lines on the terminal that the next draw replaces. */
  #drawn = 0;
  /** Steps told of, by move. */
  #steps = new Map<string, { readonly step: string; readonly name: string }>();

  constructor(output: Output) {
    this.#output = output;
  }

  async update({ moves, movesPlanned }: MigrationStatusMessage): Promise<void> {
    const before = this.#steps;
    const { columns } = this.#output;
    this.#steps = new Map(
      moves.map((move) => [move.id, { step: move.step, name: `shard ${move.shard}` }]),
    );
    const ended = [...before].filter(([id]) => !this.#steps.has(id));
    const endedLines = ended.map(([, { name }]) => `${name}: done`);
    if (columns === undefined) {
      const changed = moves.filter((move) => before.get(move.id)?.step !== move.step);
      const lines = [...endedLines, ...changed.map(moveText)];
      if (lines.length > 0) await this.#output.write(`${lines.join('\n')}\n`);
      return;
    }
    const rest = movesPlanned === 0 ? [] : [`${movesPlanned} moves to follow`];
    const live = [...moves.map(moveText), ...rest];
    const lines = [...endedLines, ...live].map((line) => `${line.slice(0, columns - 1)}\n`);
    await this.#output.write(`${this.#erasing()}${lines.join('')}`);
    this.#drawn = live.length;
  }

  /** Takes the drawn lines away. */
  async clear(): Promise<void> {
    if (this.#drawn > 0) await this.#output.write(this.#erasing());
    this.#drawn = 0;
  }

  /** Moves the cursor to the first line drawn, and erases all below. */
  #erasing(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A\x1b[J`;
  }
}
