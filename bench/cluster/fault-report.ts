import { loadavg } from 'node:os';
import type { LoggedRequest } from '../../test/support/cluster-process/workload/request-log.ts';
import type { BenchOptions } from '../benchmark.ts';
import { quantileOf } from '../load-generator.ts';
import { report } from '../report.ts';
import type { LoadedCall } from './client-load.ts';

/** Something that was done to a cluster, by `performance.now()`. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Of all nodes together. */
  readonly coreSeconds: number;
  /** Of the shard that had it longest, in milliseconds. */
  readonly withoutWriteMs: number;
  /** Why it did not come to its end; undefined: it did. */
  readonly failure: Error | undefined;
}

/** What was done, and what clients noticed. */
export interface FaultRun {
  readonly phases: readonly Phase[];
  /** Of the project's client. */
  readonly calls: readonly LoadedCall[];
  /** Of clients that ask one node once. */
  readonly requests: readonly LoggedRequest[];
  readonly dataset: string;
  readonly callersEach: number;
}

const SLOW_MS = 500;

/** Keeps `cluster-faults`: a row for each phase and kind of call. */
export function reportPhases(
  { phases, calls, requests, dataset, callersEach }: FaultRun,
  { command, out, quick }: BenchOptions,
): void {
  const plain = requests.map(({ code, startMs, endMs }) => ({
    ...{ startMs, endMs },
    isAnswered: code === 'OK',
  }));
  const rows = phases.flatMap((phase) => [
    rowOf(
      phase,
      'write',
      'client',
      calls.filter(({ what }) => what === 'write'),
    ),
    rowOf(
      phase,
      'search',
      'client',
      calls.filter(({ what }) => what === 'search'),
    ),
    rowOf(phase, 'all', 'client', calls),
    rowOf(phase, 'all', 'plain', plain),
  ]);
  const columns = [
    ...[{ title: 'phase' }, { title: 'call' }, { title: 'by' }, { title: 'seconds', digits: 0 }],
    { title: 'calls/s', digits: 0 },
    ...['p50 ms', 'p95 ms', 'p99 ms'].map((title) => ({ title, digits: 1 })),
    { title: 'answered %', digits: 3 },
    { title: 'failed', digits: 0 },
    { title: 'calls a core-second', digits: 0 },
    { title: 'longest ms without a write of a shard', digits: 0 },
    { title: 'done' },
  ];
  const notes = {
    data: dataset,
    client: `the ClusterClient, which tries again: ${callersEach} callers write a point each, ${callersEach} search, in a closed loop`,
    plain: 'each node asked once, dead and cut ones too, with pauses: a sample, no load',
    'calls a core-second': 'calls of the client by seconds of processor time that the nodes used',
    nodes:
      'each one process on this machine, which clients and the links between nodes share with them',
    'load of the machine': loadavg()[0]?.toFixed(1) ?? '',
    quick: String(quick),
  };
  report({ name: 'cluster-faults', command, columns, rows, notes }, out);
}

type EndedCall = Pick<LoadedCall, 'startMs' | 'endMs' | 'isAnswered'>;

function rowOf(
  { name, from, to, coreSeconds, withoutWriteMs, failure }: Phase,
  what: string,
  by: 'client' | 'plain',
  calls: readonly EndedCall[],
): (string | number)[] {
  const own = calls.filter(({ endMs }) => endMs >= from && endMs < to);
  const good = own.filter(({ isAnswered }) => isAnswered);
  const times = good.map(({ startMs, endMs }) => endMs - startMs).toSorted((a, b) => a - b);
  return [
    ...[name, what, by, (to - from) / 1_000, (good.length * 1_000) / (to - from)],
    ...[0.5, 0.95, 0.99].map((quantile) => quantileOf(times, quantile)),
    own.length === 0 ? 0 : (100 * good.length) / own.length,
    own.length - good.length,
    by === 'client' && coreSeconds > 0 ? good.length / coreSeconds : 0,
    ...[withoutWriteMs, failure === undefined ? 'yes' : 'no'],
  ];
}

/** Keeps `cluster-seconds`: a row for each second, and a picture. */
export function reportSeconds(
  { phases, calls, requests }: FaultRun,
  { command, out }: BenchOptions,
): void {
  const start = phases[0]?.from ?? 0;
  const end = phases.at(-1)?.to ?? 0;
  const rows: (string | number)[][] = [];
  for (let second = 0; start + (second + 1) * 1_000 <= end; second += 1) {
    const from = start + second * 1_000;
    const isOwn = ({ endMs }: { readonly endMs: number }): boolean =>
      endMs >= from && endMs < from + 1_000;
    const own = calls.filter(isOwn);
    const answered = own.filter(({ isAnswered }) => isAnswered);
    const counts = (['write', 'search'] as const).map(
      (kind) => answered.filter(({ what }) => what === kind).length,
    );
    const slow = own.filter(({ startMs, endMs }) => endMs - startMs > SLOW_MS).length;
    const refused = requests.filter((each) => isOwn(each) && each.code !== 'OK').length;
    const phase = phases.find(({ to }) => from < to)?.name ?? '';
    rows.push([second, phase, ...counts, own.length - answered.length, slow, refused]);
  }
  const figures = [
    ...['writes', 'searches', 'failed', `slower than ${SLOW_MS} ms`],
    'asked once and failed',
  ];
  const columns = [
    { title: 'second', digits: 0 },
    { title: 'phase' },
    ...figures.map((title) => ({ title, digits: 0 })),
  ];
  const plot = {
    kind: 'line',
    title: phases.map(({ name }) => name).join(', '),
    x: 'second',
    series: figures,
    yTitle: 'calls',
  } as const;
  report({ name: 'cluster-seconds', command, columns, rows, plot }, out);
}
