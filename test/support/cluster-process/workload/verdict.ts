import { checkLinearizable } from '../../../simulation/linearizability/check-linearizable.ts';
import type { Operation } from '../../../simulation/linearizability/operation.ts';
import type { ProcessCluster } from '../process-cluster.ts';
import { plainAsker } from './asker.ts';
import { POINT_MODEL, type PointInput, type PointOutput } from './point-model.ts';
import type { PointWorkload } from './point-workload.ts';

const AGREEMENT_MS_MAX = 30_000;

/** Whether clients could have seen what they saw of one copy of each point; not decided counts as no. @returns what is wrong; undefined: nothing */
export function historyFault(
  history: readonly Operation<PointInput, PointOutput>[],
): string | undefined {
  const verdict = checkLinearizable(history, POINT_MODEL);
  return verdict.result === 'linearizable'
    ? undefined
    : `${verdict.result}: ${verdict.explanation}`;
}

/**
 * Reads every point through every node once the load is over, waits until all replicas have the same, and judges the history.
 *
 * @returns everything that is wrong
 */
export async function faultsOf(
  cluster: ProcessCluster,
  workload: PointWorkload,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const node of cluster.started.filter(({ isRunning }) => isRunning)) {
    using asker = plainAsker(node.restUrl, AGREEMENT_MS_MAX);
    await workload.readAll(asker, node.name);
  }
  const fault = historyFault(workload.history);
  if (fault !== undefined) faults.push(fault);
  try {
    await cluster.until('replicas agree', () => disagreement(cluster), AGREEMENT_MS_MAX);
  } catch (error) {
    faults.push(String(error));
  }
  return [...workload.wrong, ...faults];
}

/** Points, as each node has them by itself, that are not the same on all; every node has every shard. */
async function disagreement(cluster: ProcessCluster): Promise<string | undefined> {
  const copies = await Promise.all(
    cluster.started
      .filter(({ isRunning }) => isRunning)
      .map(async (node) => ({ name: node.name, points: await localPoints(node.restUrl) })),
  );
  const [first, ...others] = copies;
  for (const other of others) {
    for (const id of new Set([...(first?.points.keys() ?? []), ...other.points.keys()])) {
      const [a, b] = [first?.points.get(id), other.points.get(id)];
      if (a !== b) return `${id} is ${a} on ${first?.name}, ${b} on ${other.name}`;
    }
  }
  return undefined;
}

async function localPoints(url: string): Promise<ReadonlyMap<string, string>> {
  using asker = plainAsker(url, AGREEMENT_MS_MAX);
  const points = new Map<string, string>();
  let from: string | undefined;
  do {
    const page = await asker.ask({
      kind: 'scroll',
      consistency: 'local',
      withVectors: true,
      limit: 1_000,
      ...(from === undefined ? {} : { from }),
    });
    if (!page.ok) throw page.failure.error;
    for (const { id, payload, vector, version } of page.answer.points)
      points.set(String(id), JSON.stringify([payload, version, [...(vector ?? [])]]));
    from = page.answer.next === undefined ? undefined : String(page.answer.next);
  } while (from !== undefined);
  return points;
}
