/** A command of a scenario, and what it is expected to show. */
export interface ScenarioStep {
  readonly command: string;
  readonly expected: readonly string[];
}

/** A scenario as its file has it: text between the commands, and commands with what they show. */
export type ScenarioPart = { readonly text: string } | ScenarioStep;

/**
 * Reads a scenario: a line that begins with `> ` is a command, the lines under it, up to an empty one or the next command, are what it shows; everything
 * else is text for people, which begins with `#`.
 *
 * @throws {Error} naming a line that is none of these
 */
export function parseScenario(text: string): readonly ScenarioPart[] {
  const parts: ScenarioPart[] = [];
  let shown: string[] | undefined;
  for (const [place, line] of text.trimEnd().split('\n').entries()) {
    if (line.startsWith('> ')) {
      shown = [];
      parts.push({ command: line.slice(2), expected: shown });
    } else if (line === '' || line.startsWith('#')) {
      shown = undefined;
      parts.push({ text: line });
    } else if (shown === undefined) {
      throw new Error(`line ${place + 1} is neither a command, nor shown by one, nor a comment`);
    } else {
      shown.push(line);
    }
  }
  return parts;
}

/** The text of a scenario. */
export function formatScenario(parts: readonly ScenarioPart[]): string {
  const lines = parts.flatMap((part) =>
    'text' in part ? [part.text] : [`> ${part.command}`, ...part.expected],
  );
  return `${lines.join('\n')}\n`;
}
