import { expect, test } from 'vitest';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { plainAsker } from '../support/cluster-process/workload/asker.ts';
import { directionOf } from '../support/cluster-process/workload/point-vectors.ts';

const POINTS = sized(1_000, 10_000);
const CALLERS = 4;

test('a point written on any node is found by a search on each of the others when the write returns', async () => {
  await using cluster = await ProcessCluster.start();
  const nodes = [1, 2, 3].map((number) => cluster.node(number));
  const askers = nodes.flatMap((node) => [plainAsker(node.restUrl), plainAsker(node.grpcUrl)]);
  const missed: string[] = [];
  let next = 0;
  const started = performance.now();
  const call = async (): Promise<void> => {
    while (next < POINTS) {
      const key = next++;
      const id = `p${key}`;
      const vector = directionOf(key);
      const at = key % askers.length;
      const write = await askers[at]?.ask({ kind: 'upsert', points: [{ id, vector }] });
      if (write?.ok !== true) throw new Error(`${id} was not written: ${JSON.stringify(write)}`);
      const node = at >> 1;
      for (const other of [0, 1, 2].filter((each) => each !== node)) {
        const asker = askers[other * 2 + (key & 1)];
        const search = await asker?.ask({ kind: 'search', vector, limit: 1 });
        const found = search?.ok === true ? search.answer.results[0]?.id : undefined;
        if (found !== id)
          missed.push(`${id} of ${nodes[node]?.name} by ${asker?.name}: ${JSON.stringify(search)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  for (const asker of askers) asker[Symbol.dispose]();
  const seconds = (performance.now() - started) / 1_000;
  tell('visible at once', { points: POINTS, searches: 2 * POINTS, missed: missed.length, seconds });
  expect(missed).toEqual([]);
});
