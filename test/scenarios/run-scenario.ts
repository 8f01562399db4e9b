import { ScenarioCluster } from './scenario-cluster.ts';
import { runCommand } from './scenario-commands.ts';
import type { ScenarioPart } from './scenario-text.ts';

/** A scenario with what its commands really show. @throws {Error} naming the command that could not be run */
export function runScenario(parts: readonly ScenarioPart[]): readonly ScenarioPart[] {
  const cluster = new ScenarioCluster();
  return parts.map((part) => {
    if ('text' in part) return part;
    try {
      const expected = runCommand(cluster, part.command).flatMap((line) => line.split('\n'));
      return { command: part.command, expected };
    } catch (cause) {
      throw new Error(`> ${part.command}`, { cause });
    }
  });
}
