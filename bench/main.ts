import type { Benchmark } from './benchmark.ts';
import { OPTION_LINES, parseCall } from './benchmark.ts';
import { clusterBench } from './cluster/cluster-bench.ts';
import { clusterFaultsBench } from './cluster/cluster-faults-bench.ts';
import { clusterSearchesBench } from './cluster/cluster-searches-bench.ts';
import { clusterWritesBench } from './cluster/cluster-writes-bench.ts';
import { costBench } from './cost-bench.ts';
import { filtersBench } from './filters-bench.ts';
import { groupCommitBench } from './group-commit-bench.ts';
import { ingestBench } from './ingest-bench.ts';
import { loadBench } from './load-bench.ts';
import { raftBench } from './raft-bench.ts';
import { readRoundsBench } from './read-rounds-bench.ts';
import { recallBench } from './recall-bench.ts';
import { restartBench } from './restart-bench.ts';

/** Entry of `npm run bench`: measures what it is asked for, one after the other. */

const BENCHMARKS: readonly Benchmark[] = [
  recallBench,
  costBench,
  ingestBench,
  loadBench,
  filtersBench,
  restartBench,
  raftBench,
  readRoundsBench,
  groupCommitBench,
  clusterBench,
  clusterWritesBench,
  clusterSearchesBench,
  clusterFaultsBench,
];

function usage(): string {
  const width = Math.max(...BENCHMARKS.map(({ name }) => name.length));
  return [
    'npm run bench -- NAME… [options]',
    '',
    ...BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    `  ${'all'.padEnd(width)}  all of them`,
    '',
    ...OPTION_LINES.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  const { names, help, options } = parseCall(process.argv.slice(2));
  const isAll = names.includes('all');
  const chosen = BENCHMARKS.filter(({ name }) => isAll || names.includes(name));
  const unknown = names.find(
    (name) => name !== 'all' && !BENCHMARKS.some((each) => each.name === name),
  );
  if (help || chosen.length === 0 || unknown !== undefined) {
    if (unknown !== undefined) process.stderr.write(`there is no benchmark "${unknown}"\n\n`);
    process.stdout.write(usage());
    if (!help) process.exitCode = 2;
    return;
  }
  for (const benchmark of chosen) {
    const start = performance.now();
    await benchmark.run(options);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    process.stdout.write(`${benchmark.name}: ${seconds} s\n`);
  }
}

try {
  await main();
} catch (error) {
  process.exitCode = 1;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
}
