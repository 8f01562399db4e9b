import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { SeedOutcome } from '../test/simulation/run-outcome.ts';

const PROGRESS_MS = 5000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    steps: { type: 'string', default: '20000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mode: { type: 'string', default: 'cluster' },
    mutant: { type: 'string' },
    workers: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'verify-determinism': { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    counts: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `npm run simulate -- [options]

  --seeds N              how many seeds (100)
  --first F              the first of them (1)
  --seed S               only this one; tells what was drawn and what happened
  --steps M              events under faults, before everything is healed (20000)
  --trace                prints every event; with --seed
  --mode cluster|core|nodes  Raft hosts (cluster); bare cores: cheaper, and less; or whole nodes
  --mutant NAME          with a known bug of test/simulation/mutants
  --workers W            processes (one a processor)
  --verify-determinism   runs each seed twice and compares what happened
  --keep-going           does not stop at the first seed that fails
  --counts               tells what happened how often, over all seeds
`;

/** What a process is asked for, and what it answers. */
type Runner = (seed: number) => Promise<SeedOutcome>;

async function openRunner(): Promise<Runner> {
  if (values.mutant !== undefined) {
    const { findMutant } = await import('../test/simulation/mutants/mutant-table.ts');
    const { installMutant } = await import('../test/simulation/mutants/install-mutant.ts');
    installMutant(findMutant(values.mutant));
  }
  const steps = Number(values.steps);
  const trace = values.trace ? { trace: (line: string) => console.log(line) } : {};
  if (values.mode === 'core') {
    const { runCoreSeed } = await import('../test/simulation/core/run-core-seed.ts');
    return async (seed) => runCoreSeed({ seed, steps, ...trace });
  }
  if (values.mode === 'nodes') {
    const { runNodesSeed } = await import('../test/simulation/nodes/run-nodes-seed.ts');
    return (seed) => runNodesSeed({ seed, steps, ...trace });
  }
  const { runSeed } = await import('../test/simulation/run-seed.ts');
  return (seed) => runSeed({ seed, steps, ...trace });
}

/** Twice, where that was asked for. */
async function judged(run: Runner, seed: number): Promise<SeedOutcome> {
  const outcome = await run(seed);
  if (!values['verify-determinism']) return outcome;
  const again = await run(seed);
  if (again.hash === outcome.hash) return outcome;
  const detail = `hash ${outcome.hash} after ${outcome.events} events, then ${again.hash} after ${again.events}`;
  return { ...outcome, outcome: 'violation', invariant: 'determinism', detail };
}

async function serve(): Promise<void> {
  const run = await openRunner();
  process.on('message', (seed: number) => {
    void judged(run, seed).then((outcome) => process.send?.(outcome));
  });
  process.send?.('ready');
}

function command(seed: number): string {
  const mutant = values.mutant === undefined ? '' : ` --mutant ${values.mutant}`;
  const mode = values.mode === 'cluster' ? '' : ` --mode ${values.mode}`;
  return `npm run simulate -- --seed ${seed} --steps ${values.steps}${mode}${mutant} --trace`;
}

function tell(failed: SeedOutcome): void {
  const { seed, outcome, invariant, detail, options, newest, events, hash } = failed;
  console.log(`\nseed ${seed}: ${outcome} ${invariant ?? ''} after ${events} events, hash ${hash}`);
  console.log(`  ${detail ?? ''}\n  options: ${options}\n  the newest events:`);
  for (const line of newest) console.log(`  ${line.slice(0, 400)}`);
  console.log(`seed ${seed}: ${outcome} ${invariant ?? ''}: ${detail ?? ''}`);
  console.log(`again: ${command(seed)}`);
}

function addCounts(sum: Record<string, number>, counts: SeedOutcome['counts']): void {
  for (const [what, count] of Object.entries(counts)) sum[what] = (sum[what] ?? 0) + count;
}

async function one(seed: number): Promise<void> {
  const outcome = await judged(await openRunner(), seed);
  console.log(JSON.stringify({ ...outcome, newest: undefined }, undefined, 2));
  if (outcome.outcome === 'ok') return;
  tell(outcome);
  process.exitCode = 1;
}

async function many(): Promise<void> {
  const first = Number(values.first);
  const last = first + Number(values.seeds) - 1;
  const workers = Number(values.workers ?? Math.min(2, availableParallelism()));
  const began = performance.now();
  const counts: Record<string, number> = {};
  let next = first;
  let done = 0;
  let events = 0;
  let failures = 0;
  let toldAt = began;
  const progress = (): string => {
    const seconds = (performance.now() - began) / 1000;
    return `${done} seeds, ${events} events in ${seconds.toFixed(1)} s: ${Math.round(events / seconds)} events/s, ${failures} failed`;
  };
  const take = (outcome: SeedOutcome): void => {
    done += 1;
    events += outcome.events;
    addCounts(counts, outcome.counts);
    if (outcome.outcome !== 'ok') {
      failures += 1;
      if (failures === 1 || !values['keep-going']) tell(outcome);
      else
        console.log(
          `seed ${outcome.seed}: ${outcome.outcome} ${outcome.invariant ?? ''}: ${(outcome.detail ?? '').split('\n', 1)[0]}`,
        );
      if (!values['keep-going']) next = last + 1;
    }
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    console.log(progress());
  };
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(process.argv[1] ?? '', process.argv.slice(2), {
        env: { ...process.env, GRAPE_SIMULATION_WORKER: '1' },
      });
      child.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker ended with ${code}`));
      });
      child.on('message', (message: SeedOutcome | 'ready') => {
        if (message !== 'ready') take(message);
        if (next > last) child.disconnect();
        else child.send(next++);
      });
    });
  await Promise.all(Array.from({ length: workers }, work));
  console.log(progress());
  if (values.counts) console.log(JSON.stringify(counts));
  if (failures > 0) process.exitCode = 1;
}

if (values.help) console.log(HELP);
else if (process.env['GRAPE_SIMULATION_WORKER'] === '1') await serve();
else if (values.seed === undefined) await many();
else await one(Number(values.seed));
