import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../report.ts';

/** Where the page is, from the root of the repository. */
export const MEASUREMENTS_PATH = 'docs/cluster/measurements.md';

/** A report as it is kept under `bench/results`. */
interface KeptReport {
  readonly command: string;
  readonly date: string;
  readonly machine: Machine;
  readonly notes: Readonly<Record<string, string | number>>;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
}

type Row = Readonly<Record<string, number | string>>;

/** What the cluster is made for: three nodes of four cores, 8 GB, SSD, 1 Gbit/s, a million vectors of 768 numbers. */
const AIMS = [
  { what: 'Writes', perSecond: 25_000, p95Ms: 15, availability: '99.9' },
  { what: 'Searches', perSecond: 50_000, p95Ms: 8, availability: '99.99' },
  { what: 'One node down', perSecond: 18_000, p95Ms: 12, availability: '100' },
  { what: 'Partition', perSecond: 15_000, p95Ms: 18, availability: '99.9' },
] as const;
const AIM_CORES = 12;

/** What was measured of one aim. */
interface Measured {
  readonly how: string;
  readonly perSecond: number;
  readonly p95Ms: number;
  readonly availability: number;
  /** Calls a second of a core's time. */
  readonly perCore: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Writes the page anew from what is kept. */
export function writeMeasurementsPage(): void {
  writeFileSync(`${ROOT}${MEASUREMENTS_PATH}`, measurementsPage());
}

/** The page that follows from the newest reports of `cluster` and `cluster-faults`. */
export function measurementsPage(): string {
  const cluster = kept('cluster');
  const faults = kept('cluster-faults');
  const lines = [
    '# What a cluster was measured to do',
    '',
    '<!-- Made by `npm run bench -- cluster cluster-faults`, and from their kept results by `npm run generate`; do not edit. -->',
    '',
    'The aims are for three nodes of four cores, 8 GB of memory and SSDs, at 1 Gbit/s, with a million vectors of 768 numbers. What stands beside them was measured on one machine, whose cores the three nodes, the clients and the links between nodes share: only the figures for a second of a core’s time can be compared. The aims’ are their calls a second by twelve cores, the measured ones count every core-second that the nodes used.',
    '',
    ...table(
      [
        ...['', 'aim: calls/s', 'P95', 'availability', 'a core-second', 'measured: calls/s', 'P95'],
        ...['availability', 'a core-second', 'how'],
      ],
      AIMS.flatMap((aim, at) => aimRows(aim, measuredOf(at, cluster, faults))),
    ),
    '',
    'A call is one point written or one search for the 10 nearest with ef 200, linearizable. Availability is the share of calls that the project’s client brought to an answer.',
    '',
    ...faultsSection(faults),
    ...sourceLines([cluster, faults]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function measuredOf(
  aim: number,
  cluster: KeptReport | undefined,
  faults: KeptReport | undefined,
): readonly Measured[] {
  switch (aim) {
    case 0:
      return [...best(cluster, 'write of 1', 1), ...best(cluster, 'write of 100', 100)];
    case 1:
      return best(cluster, 'search', 1);
    case 2:
      return underFault(faults, 'one node killed');
    default:
      return underFault(faults, 'one node cut off');
  }
}

/** The most that three nodes did, over numbers of callers; calls of several points count as many. */
function best(report: KeptReport | undefined, call: string, points: number): readonly Measured[] {
  const own = rowsOf(report).filter((row) => row['call'] === call && row['nodes'] === 3);
  const [row] = own.toSorted((a, b) => figure(b, 'calls/s') - figure(a, 'calls/s'));
  if (row === undefined) return [];
  const perSecond = figure(row, 'calls/s') * points;
  const failures = figure(row, 'failures');
  const calls = figure(row, 'calls');
  const batch = points === 1 ? '' : `, ${points} points a call`;
  return [
    {
      how: `${figure(row, 'callers')} callers${batch}`,
      perSecond,
      p95Ms: figure(row, 'p95 ms'),
      availability: calls === 0 ? 0 : (100 * (calls - failures)) / calls,
      perCore: (points * 1e6) / figure(row, 'CPU us a call'),
    },
  ];
}

function underFault(report: KeptReport | undefined, phase: string): readonly Measured[] {
  return rowsOf(report)
    .filter((row) => row['phase'] === phase && row['by'] === 'client' && row['call'] === 'all')
    .map((row) => ({
      how: 'writes and searches together, from the fault on',
      perSecond: figure(row, 'calls/s'),
      p95Ms: figure(row, 'p95 ms'),
      availability: figure(row, 'answered %'),
      perCore: figure(row, 'calls a core-second'),
    }));
}

function aimRows(
  { what, perSecond, p95Ms, availability }: (typeof AIMS)[number],
  measured: readonly Measured[],
): readonly (readonly string[])[] {
  const aim = [count(perSecond), `${p95Ms} ms`, `${availability} %`, count(perSecond / AIM_CORES)];
  if (measured.length === 0) return [[what, ...aim, '', '', '', '', 'not measured']];
  return measured.map((each, at) => [
    ...(at === 0 ? [what, ...aim] : ['', '', '', '', '']),
    ...[count(each.perSecond), `${each.p95Ms.toFixed(1)} ms`],
    ...[`${each.availability.toFixed(2)} %`, count(each.perCore), each.how],
  ]);
}

/** All that was done to the cluster, and what the client noticed. */
function faultsSection(report: KeptReport | undefined): readonly string[] {
  if (report === undefined) return [];
  const rows = rowsOf(report).filter((row) => row['by'] === 'client' && row['call'] === 'all');
  return [
    '## Around faults and changes',
    '',
    ...table(
      [
        ...['what is done', 'seconds', 'calls/s', 'P50', 'P95', 'P99', 'answered', 'failed'],
        'longest without a write of a shard',
      ],
      rows.map((row) => [
        ...[
          `${row['phase']}${row['done'] === 'no' ? ' (not done)' : ''}`,
          figure(row, 'seconds').toFixed(0),
          count(figure(row, 'calls/s')),
        ],
        ...['p50 ms', 'p95 ms', 'p99 ms'].map((title) => `${figure(row, title).toFixed(1)} ms`),
        ...[`${figure(row, 'answered %').toFixed(2)} %`, count(figure(row, 'failed'))],
        `${count(figure(row, 'longest ms without a write of a shard'))} ms`,
      ]),
    ),
    '',
    '![Calls second by second](../../bench/results/cluster-seconds.svg)',
    '',
  ];
}

/** Where, when and how, for each report once. */
function sourceLines(reports: readonly (KeptReport | undefined)[]): readonly string[] {
  const known = reports.filter((report) => report !== undefined);
  if (known.length === 0) return [];
  return [
    '## Where the figures are from',
    '',
    ...known.map(({ command, date, machine, notes }) => {
      const { cpu, cores, memory, node, commit } = machine;
      const where = `${cpu}, ${cores} cores, ${memory}, Node ${node}`;
      const load = notes['load of the machine'];
      const busy = load === undefined ? '' : `, load average ${load} at the end`;
      return `- \`${command}\` at ${commit}, ${date.slice(0, 10)}: ${where}${busy}; ${notes['data'] ?? ''}`;
    }),
    '',
  ];
}

/** Undefined where it was never measured. */
function kept(name: string): KeptReport | undefined {
  try {
    return JSON.parse(readFileSync(`${ROOT}bench/results/${name}.json`, 'utf8')) as KeptReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Rows by the titles of their columns. */
function rowsOf(report: KeptReport | undefined): readonly Row[] {
  if (report === undefined) return [];
  return report.rows.map((row) =>
    Object.fromEntries(report.columns.map((title, at) => [title, row[at] ?? ''])),
  );
}

const figure = (row: Row, title: string): number => Number(row[title] ?? 0);

const count = (value: number): string => Math.round(value).toLocaleString('en');

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
