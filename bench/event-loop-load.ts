import { setTimeout as wait } from 'node:timers/promises';

import type { BenchOptions } from './benchmark.ts';
import { type BenchNode, pointsOf } from './bench-node.ts';
import { median, quantileOf, runLoad } from './load-generator.ts';
import { report } from './report.ts';
import { RECALL_LIMIT } from './truth.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

const P99_MS_MAX = 20;
const SAMPLE_MS = 1100;
const WRITERS = 2;
const SEARCHERS = 4;
const BATCH = 100;

/** How late the main thread is while points are written and searched at the same time; the points are there already, so they are replaced. */
export async function measureEventLoop(
  node: BenchNode,
  collection: string,
  set: VectorSet,
  options: BenchOptions,
): Promise<void> {
  const timeMsMax = options.quick ? 3_000 : 20_000;
  const rows = countOf(set, 'rows');
  const queries = countOf(set, 'queries');
  const writing = runLoad({
    ...{ concurrency: WRITERS, calls: 1_000_000, timeMsMax },
    call: (index) => {
      const first = (index * BATCH) % Math.max(1, rows - BATCH);
      return node.grpc.upsert(collection, pointsOf(set, first, Math.min(rows, first + BATCH)));
    },
  });
  const searching = runLoad({
    ...{ concurrency: SEARCHERS, calls: 10_000_000, timeMsMax },
    call: (index) =>
      node.rest.search(vectorOf(set, 'queries', index % queries), {
        collection,
        limit: RECALL_LIMIT,
      }),
  });
  const p99: number[] = [];
  const most: number[] = [];
  const end = performance.now() + timeMsMax;
  // The server reads once a second; what it read before the load is not taken.
  await wait(SAMPLE_MS);
  while (performance.now() < end) {
    await wait(SAMPLE_MS);
    const metrics = await node.metrics();
    p99.push(1000 * (metrics.get('grape_event_loop_delay_seconds{quantile="0.99"}') ?? NaN));
    most.push(1000 * (metrics.get('grape_event_loop_delay_seconds{quantile="1"}') ?? NaN));
  }
  const [writes, searches] = await Promise.all([writing, searching]);
  const worst = Math.max(...p99);
  const columns = [
    { title: 'seconds', digits: 0 },
    { title: 'points/s', digits: 0 },
    { title: 'searches/s', digits: 0 },
    { title: 'search p99 ms', digits: 1 },
    { title: 'delay P99 ms, middle', digits: 2 },
    { title: 'worst P99 ms', digits: 2 },
    { title: 'most ms', digits: 2 },
    { title: `P99 < ${P99_MS_MAX} ms` },
  ];
  const row = [
    writes.seconds,
    ((writes.calls - writes.failures) * BATCH) / writes.seconds,
    searches.calls / searches.seconds,
    quantileOf(searches.latenciesMs, 0.99),
    median(p99),
    worst,
    Math.max(...most),
    median(p99) < P99_MS_MAX ? 'yes' : 'NO',
  ];
  const notes = {
    data: set.name,
    load: `${WRITERS} writers of ${BATCH} points over gRPC, ${SEARCHERS} searchers over REST`,
    readings: p99.length,
    failures: writes.failures + searches.failures,
  };
  report(
    { name: 'cost-event-loop', command: options.command, columns, rows: [row], notes },
    options.out,
  );
  if (!options.quick && row.at(-1) === 'NO') process.exitCode = 1;
}
