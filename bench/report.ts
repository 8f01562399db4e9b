import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

import { systemClock } from '../src/base/clock.ts';
import { readableBytes } from '../src/cli/terminal/figures.ts';
import { renderTable } from '../src/cli/terminal/table.ts';
import { plotSvg, type PlotSeries } from './plot-svg.ts';

/** What a benchmark found. */
export interface BenchReport {
  /** Of the files under `bench/results`: kebab-case. */
  readonly name: string;
  /** The command that measures it again. */
  readonly command: string;
  readonly columns: readonly ReportColumn[];
  /** A cell for each column: figures, or text. */
  readonly rows: readonly (readonly (number | string)[])[];
  /** Circumstances that matter, such as data set and parameters. */
  readonly notes?: Readonly<Record<string, number | string>>;
  readonly plot?: ReportPlot;
}

export interface ReportColumn {
  readonly title: string;
  /** Digits behind the point of figures; absent: up to three significant ones. */
  readonly digits?: number;
}

/** A picture of some columns, by their titles. */
export interface ReportPlot {
  readonly kind: 'line' | 'bar';
  readonly title?: string;
  /** The column along the bottom; of lines it has figures. */
  readonly x: string;
  /** The columns drawn; of figures. */
  readonly series: readonly string[];
  /** Draws a line for each text of these columns together instead of one for all rows. */
  readonly by?: readonly string[];
  readonly yTitle?: string;
  readonly logX?: boolean;
}

/** Where, with what and of which source a measurement was made. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly node: string;
  /** Short hash; ends with `+` where files differ from it. */
  readonly commit: string;
}

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

/** Prints a report as a table and keeps it as `bench/results/<name>.json`, with its picture beside it as `.svg`. */
export function report(findings: BenchReport, folder = RESULTS): void {
  const { name, command, columns, rows, notes = {}, plot } = findings;
  const machine = readMachine();
  const head = columns.map(({ title }, index) => ({
    title,
    align: rows.every((row) => typeof row[index] === 'number')
      ? ('right' as const)
      : ('left' as const),
  }));
  const cells = rows.map((row) => row.map((cell, index) => cellText(cell, columns[index]?.digits)));
  process.stdout.write(`\n${name}\n${renderTable(head, cells, undefined)}`);
  process.stdout.write(
    `${machine.cpu} × ${machine.cores}, ${machine.memory}, Node ${machine.node}, ${machine.commit}\n`,
  );
  const result = {
    name,
    command,
    date: new Date(systemClock.wallMs()).toISOString(),
    machine,
    notes,
    columns: columns.map(({ title }) => title),
    rows,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  if (plot === undefined) return;
  const svg = plotSvg({
    kind: plot.kind,
    title: plot.title ?? name,
    xTitle: plot.x,
    yTitle: plot.yTitle ?? (plot.series.length === 1 ? (plot.series[0] as string) : ''),
    series: seriesOf(findings, plot),
    logX: plot.logX ?? false,
  });
  writeFileSync(`${folder}/${name}.svg`, svg);
}

function seriesOf(findings: BenchReport, plot: ReportPlot): PlotSeries[] {
  const columnOf = (title: string): number => {
    const index = findings.columns.findIndex((column) => column.title === title);
    if (index === -1) throw new RangeError(`the report has no column "${title}"`);
    return index;
  };
  const x = columnOf(plot.x);
  const by = (plot.by ?? []).map(columnOf);
  const groups = new Map<string, (readonly (number | string)[])[]>();
  for (const row of findings.rows) {
    const key = by.map((column) => String(row[column])).join(' ');
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].flatMap(([group, rows]) =>
    plot.series.map((title) => {
      const y = columnOf(title);
      const label = [group, by.length === 0 || plot.series.length > 1 ? title : '']
        .filter((part) => part !== '')
        .join(' ');
      const points = rows.map((row) => ({ x: row[x] as number | string, y: Number(row[y]) }));
      return { label, points };
    }),
  );
}

function cellText(cell: number | string, digits: number | undefined): string {
  if (typeof cell === 'string') return cell;
  if (digits !== undefined) return cell.toFixed(digits);
  if (Number.isInteger(cell)) return String(cell);
  return Math.abs(cell) >= 1000 ? String(Math.round(cell)) : String(Number(cell.toPrecision(3)));
}

/** The machine at hand. */
export function readMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory: readableBytes(totalmem()),
    node: process.versions.node,
    commit: commit(),
  };
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'src') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
