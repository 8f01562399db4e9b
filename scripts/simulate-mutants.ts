import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { type Catch, hunt } from '../test/simulation/mutants/hunt.ts';
import type { Mutant } from '../test/simulation/mutants/mutant.ts';
import { findMutant, MUTANTS } from '../test/simulation/mutants/mutant-table.ts';

const HELP = `npm run simulate:mutants -- [options]

Puts known bugs into the source, one at a time, and simulates until an invariant breaks.

  --only NAME,NAME   only these
  --mode MODE        only those that a simulation of bare cores (core), Raft hosts (cluster) or whole nodes (nodes) finds
  --seeds N          seeds for each, at most (1500 of bare cores, 60 of hosts, 300 of whole nodes)
  --first F          the first of them (1)
  --steps M          events under faults, of each seed (20000)
  --workers W        processes (2)
  --limit SECONDS    a hunt that does not end by then counts as a failure (1200)
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    mode: { type: 'string' },
    seeds: { type: 'string' },
    first: { type: 'string', default: '1' },
    steps: { type: 'string', default: '20000' },
    workers: { type: 'string', default: '2' },
    limit: { type: 'string', default: '1200' },
    help: { type: 'boolean', default: false },
  },
});

/** What a process hunts: a mutant, or without one the simulations themselves, which must be well. */
interface Hunt {
  readonly name: string;
  readonly mode: Mutant['mode'];
  readonly isMutant: boolean;
}

type Ending = Catch | { readonly failure: string };

/** A seed of hosts or whole nodes takes about ten times as long. */
const SEEDS: Readonly<Record<Mutant['mode'], number>> = {
  core: 1500,
  cluster: 60,
  nodes: 300,
};

function hunts(): readonly Hunt[] {
  const only = values.only?.split(',').map(findMutant) ?? MUTANTS;
  const mutants = only.filter(({ mode }) => values.mode === undefined || mode === values.mode);
  const modes = new Set(mutants.map(({ mode }) => mode));
  return [
    ...[...modes].map((mode) => ({ name: 'no mutant', mode, isMutant: false })),
    ...mutants.map(({ name, mode }) => ({ name, mode, isMutant: true })),
  ];
}

function inOwnProcess(job: Hunt): Promise<Ending> {
  return new Promise((resolve) => {
    const child = fork(process.argv[1] ?? '', process.argv.slice(2), {
      env: { ...process.env, GRAPE_HUNT: JSON.stringify(job) },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let ending: Ending | undefined;
    let errors = '';
    child.stderr?.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    const timer = setTimeout(() => child.kill('SIGKILL'), Number(values.limit) * 1000);
    child.on('message', (message: Catch) => (ending = message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const failure = signal === null ? `ended with ${code}: ${errors.slice(0, 2000)}` : 'no end';
      resolve(ending ?? { failure });
    });
  });
}

/** A row of the table; whether it is as it should be. */
function tell({ name, isMutant, mode }: Hunt, ending: Ending): boolean {
  if ('failure' in ending) {
    console.log(row(name, mode, '', ending.failure));
    return false;
  }
  const { tried, caught } = ending;
  const [detail = ''] = (caught?.detail ?? '').split('\n', 1);
  const what =
    caught === undefined
      ? isMutant
        ? 'SURVIVED'
        : 'all is well'
      : `${caught.invariant}: ${detail.slice(0, 120)}`;
  console.log(row(name, mode, `${tried}`, what));
  return isMutant === (caught !== undefined);
}

const row = (name: string, mode: string, tried: string, what: string): string =>
  `${name.padEnd(36)} ${mode.padEnd(8)} ${tried.padStart(5)}  ${what}`;

async function all(): Promise<void> {
  const left = [...hunts()];
  let failed = 0;
  console.log(row('mutant', 'mode', 'seeds', 'caught by'));
  const work = async (): Promise<void> => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      if (!tell(job, await inOwnProcess(job))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, work));
  if (failed > 0) process.exitCode = 1;
}

async function one(job: Hunt): Promise<void> {
  const mutant = job.isMutant ? findMutant(job.name) : undefined;
  const result = await hunt(mutant, job.mode, {
    seeds: Number(values.seeds ?? SEEDS[job.mode]),
    first: Number(values.first),
    steps: Number(values.steps),
  });
  process.send?.(result, () => process.disconnect());
}

const job = process.env['GRAPE_HUNT'];
if (values.help) console.log(HELP);
else if (job === undefined) await all();
else await one(JSON.parse(job) as Hunt);
