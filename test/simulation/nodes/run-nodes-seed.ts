import type { RunOptions, SeedOutcome } from '../run-outcome.ts';
import { type Ending, simulated } from '../run-simulation.ts';
import { SimulatedNodes } from './simulated-nodes.ts';

/** Limits of the phases: simulated milliseconds, and events. */
const FORM_BUSY = { ms: 60_000, events: 40_000 };
const FORM = { ms: 240_000, events: 400_000 };
const SETTLE = { ms: 600_000, events: 1_000_000 };
const SERVE = { ms: 120_000, events: 300_000 };
/** In election timeouts. */
const CALM_TIMEOUTS = 10;

/**
 * Simulates a cluster of whole nodes: a phase with faults, joins and leaves of so many events; then all faults end, and the cluster has to come to rest, to
 * answer every client, and to stay calm; at last the clients' histories are judged. The same seed gives the same events, on every machine.
 */
export function runNodesSeed(options: RunOptions): Promise<SeedOutcome> {
  return simulated(() => new SimulatedNodes(options.seed), options, phases);
}

async function phases(cluster: SimulatedNodes, steps: number): Promise<Ending> {
  const stuck = (detail: string): Ending => ({ outcome: 'stuck', invariant: 'converges', detail });
  let why: string | undefined = 'it was not looked at';
  const isSettled = (): boolean => {
    why = cluster.unsettled();
    return why === undefined || why.startsWith('uneven');
  };
  const isEven = (): boolean => isSettled() && why === undefined;
  cluster.begin();
  if (cluster.swarm.formsInPeace) {
    if (!(await cluster.runUntil(isSettled, FORM_BUSY))) {
      cluster.hush();
      if (!(await cluster.runUntil(isSettled, FORM))) return stuck(`not formed: ${why}`);
    }
    cluster.endPeace();
  }
  await cluster.run(steps);
  cluster.heal();
  if (!(await cluster.runUntil(isEven, SETTLE))) return stuck(`not settled: ${why}`);
  cluster.serve();
  if (!(await cluster.runUntil(() => cluster.isServed(), SERVE))) {
    return stuck('a client was not answered');
  }
  cluster.rest();
  if (!(await cluster.runUntil(() => cluster.isQuiet(), SERVE))) return stuck('a client waits');
  if (!(await cluster.runUntil(isEven, SETTLE))) return stuck(`not settled again: ${why}`);
  const calm = await staysCalm(cluster);
  if (calm !== undefined) return calm;
  if (cluster.judge() === undefined) {
    return { outcome: 'unknown', invariant: 'linearizable', detail: 'not decided' };
  }
  return { outcome: 'ok' };
}

/** Without faults and load no leader changes, and neither does the catalog. */
async function staysCalm(cluster: SimulatedNodes): Promise<Ending | undefined> {
  const { limits } = cluster.swarm;
  const before = cluster.calm();
  const ms = CALM_TIMEOUTS * limits.electionTicks * limits.tickMs;
  const endMs = cluster.queue.nowMs + ms;
  await cluster.runUntil(() => cluster.queue.nowMs >= endMs, { ms: ms + 1, events: 1_000_000 });
  const after = cluster.calm();
  if (before === after) return undefined;
  return { outcome: 'stuck', invariant: 'stable', detail: `it was ${before}, and is ${after}` };
}
