import { SimulatedCluster } from './cluster/simulated-cluster.ts';
import type { RunOptions, SeedOutcome } from './run-outcome.ts';
import { type Ending, simulated } from './run-simulation.ts';

/** Limits of the phases after healing: simulated milliseconds, and events. */
const SETTLE = { ms: 240_000, events: 400_000 };
const SERVE = { ms: 60_000, events: 200_000 };
/** In election timeouts. */
const CALM_TIMEOUTS = 20;

/**
 * Simulates one cluster: a phase with faults of so many events; then all faults end, and the cluster has to settle, to answer every client, and to stay calm;
 * at last the clients' histories are judged. The same seed gives the same events, on every machine.
 */
export function runSeed(options: RunOptions): Promise<SeedOutcome> {
  return simulated(() => new SimulatedCluster(options.seed), options, phases);
}

async function phases(cluster: SimulatedCluster, steps: number): Promise<Ending> {
  const stuck = (detail: string): Ending => ({
    outcome: 'stuck',
    invariant: 'converges',
    detail,
  });
  await cluster.begin();
  await cluster.runTo(steps);
  cluster.heal();
  let why: string | undefined = 'it was not looked at';
  const isSettled = (): boolean => {
    why = cluster.unsettled();
    return why === undefined;
  };
  if (!(await cluster.runUntil(isSettled, SETTLE))) return stuck(`not settled: ${why}`);
  cluster.serve();
  const isServed = (): boolean => cluster.isServed();
  if (!(await cluster.runUntil(isServed, SERVE))) return stuck('a client was not answered');
  cluster.rest();
  if (!(await cluster.runUntil(() => cluster.isQuiet(), SERVE))) return stuck('a client waits');
  if (!(await cluster.runUntil(isSettled, SETTLE))) return stuck(`not settled again: ${why}`);
  const calm = await staysCalm(cluster);
  if (calm !== undefined) return calm;
  if (cluster.judge() === undefined) {
    return { outcome: 'unknown', invariant: 'linearizable', detail: 'not decided' };
  }
  return { outcome: 'ok' };
}

/** Without faults and load nobody stands for election, and only heartbeats are sent. */
async function staysCalm(cluster: SimulatedCluster): Promise<Ending | undefined> {
  const { limits, groups, nodes } = cluster.swarm;
  const before = cluster.calm();
  const ms = CALM_TIMEOUTS * limits.electionTicks * limits.tickMs;
  const endMs = cluster.queue.nowMs + ms;
  await cluster.runUntil(() => cluster.queue.nowMs >= endMs, { ms: ms + 1, events: 1_000_000 });
  const after = cluster.calm();
  const beats = ms / (limits.heartbeatTicks * limits.tickMs);
  const messagesMax = 3 * groups * nodes * beats + 200;
  const detail =
    before.leaders === after.leaders
      ? `${after.messages - before.messages} messages in ${beats} heartbeats`
      : `leaders were ${before.leaders}, and are ${after.leaders}`;
  const isCalm =
    before.leaders === after.leaders && after.messages - before.messages <= messagesMax;
  return isCalm ? undefined : { outcome: 'stuck', invariant: 'stable', detail };
}
