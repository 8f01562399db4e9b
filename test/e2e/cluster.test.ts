import { expect, test } from 'vitest';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { patientAsker, plainAsker } from '../support/cluster-process/workload/asker.ts';
import { directionOf } from '../support/cluster-process/workload/point-vectors.ts';

test('three nodes answer as one, and two go on where one is killed', async () => {
  await using cluster = await ProcessCluster.start();
  const nodes = [1, 2, 3].map((number) => cluster.node(number));
  using client = patientAsker(nodes.map(({ restUrl }) => restUrl));
  const found = async (url: string, key: number) => {
    using asker = plainAsker(url);
    const search = await asker.ask({ kind: 'search', vector: directionOf(key), limit: 1 });
    return search.ok ? search.answer.results[0]?.id : search.failure.error;
  };
  for (let key = 0; key < 30; key += 1) {
    const points = [{ id: `p${key}`, vector: directionOf(key) }];
    const [writer, ...readers] = [0, 1, 2].map((at) => nodes[(at + key) % 3]);
    using asker = plainAsker(writer?.restUrl ?? '');
    expect(await asker.ask({ kind: 'upsert', points })).toMatchObject({ ok: true });
    for (const reader of readers) expect(await found(reader?.grpcUrl ?? '', key)).toBe(`p${key}`);
  }
  const { leader = '' } = await cluster.info();
  const killed = cluster.node(cluster.numberOf(leader));
  await killed.kill();
  for (let key = 30; key < 60; key += 1) {
    const points = [{ id: `p${key}`, vector: directionOf(key) }];
    expect(await client.ask({ kind: 'upsert', points })).toMatchObject({ ok: true });
  }
  killed.start();
  await killed.ready();
  for (let key = 0; key < 60; key += 1) expect(await found(killed.restUrl, key)).toBe(`p${key}`);

  // Told to end while it waits for the others, it says so and ends well.
  for (const node of nodes) expect(await node.stop()).toBe(0);
  killed.start();
  await expect.poll(() => killed.unreadiness(), { timeout: 30_000 }).toContain('is starting');
  expect(await killed.stop()).toBe(0);
  expect(killed.log.join('\n')).toContain('stopped before it was ready');
});
