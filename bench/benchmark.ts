import { parseArgs } from 'node:util';

/** One measurement that can be asked for by name. */
export interface Benchmark {
  readonly name: string;
  /** What it measures and how long it takes about, in a line. */
  readonly summary: string;
  run(options: BenchOptions): Promise<void>;
}

/** What every benchmark may be told. */
export interface BenchOptions {
  /** Little data and few rounds: looks whether the benchmark works, measures nothing. */
  readonly quick: boolean;
  /** Rows of generated data; absent: what the benchmark says. */
  readonly points: number | undefined;
  /** The sample that comes with the project even where there is more. */
  readonly sample: boolean;
  /** Where tables and pictures go; absent: `bench/results`. */
  readonly out: string | undefined;
  readonly rounds: number | undefined;
  /** What was typed, for the records. */
  readonly command: string;
}

/** The names asked for, and what they are told; `help` where the user wants to know. */
export interface BenchCall {
  readonly names: readonly string[];
  readonly help: boolean;
  readonly options: BenchOptions;
}

/** What the options mean, a line each. */
export const OPTION_LINES: readonly string[] = [
  '--quick          little data and few rounds: shows that it works, measures nothing',
  '--points N       rows of generated data (cost, ingest, load, restart)',
  '--sample         take samples/wordnet-sample even where ../shared is there',
  '--rounds N       rounds that medians are taken over (cost)',
  '--out FOLDER     where JSON and pictures go, instead of bench/results',
];

/** @throws TypeError where an argument is not known */
export function parseCall(args: readonly string[]): BenchCall {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      sample: { type: 'boolean', default: false },
      points: { type: 'string' },
      rounds: { type: 'string' },
      out: { type: 'string' },
    },
  });
  return {
    names: positionals,
    help: values.help,
    options: {
      quick: values.quick,
      sample: values.sample,
      points: countFrom('points', values.points),
      rounds: countFrom('rounds', values.rounds),
      out: values.out,
      command: `npm run bench -- ${args.join(' ')}`,
    },
  };
}

function countFrom(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TypeError(`--${name} is a whole number above 0`);
}
