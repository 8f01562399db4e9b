import { InvariantError } from '../../../src/base/assert.ts';
import { Violation } from '../invariants/violation.ts';
import type { RunOptions, SeedOutcome } from '../run-outcome.ts';
import { CoreCluster } from './core-cluster.ts';

const HEAL_EVENTS_MAX = 200_000;

/** Heals everything and waits until the replicas agree; what is missing if they do not. */
function settle(cluster: CoreCluster): string | undefined {
  const { queue } = cluster;
  cluster.heal();
  const limit = queue.executed + HEAL_EVENTS_MAX;
  let unsettled = cluster.unsettled();
  while (unsettled !== undefined && queue.executed < limit) {
    for (let event = 0; event < 100; event += 1) queue.runNext();
    unsettled = cluster.unsettled();
  }
  return unsettled;
}

/** Runs cores of one group under faults for a number of events, then heals everything and waits until they agree; then a few troubles more, one by one. */
export function runCoreSeed({ seed, steps, trace }: RunOptions): SeedOutcome {
  const cluster = new CoreCluster(seed);
  const { queue } = cluster;
  if (trace !== undefined) queue.trace.printTo(trace);
  const end = (
    outcome: SeedOutcome['outcome'],
    found: { readonly invariant?: string; readonly detail?: string } = {},
  ): SeedOutcome => ({
    seed,
    outcome,
    ...found,
    events: queue.executed,
    hash: queue.trace.hash,
    options: JSON.stringify(cluster.swarm),
    newest: outcome === 'ok' ? [] : queue.trace.newest(),
    counts: cluster.counts,
  });
  try {
    while (queue.executed < steps) queue.runNext();
    let unsettled = settle(cluster);
    for (let left = cluster.swarm.troubles; left > 0 && unsettled === undefined; left -= 1) {
      const untilMs = queue.nowMs + cluster.disturb();
      while (queue.nowMs < untilMs) queue.runNext();
      unsettled = settle(cluster);
    }
    if (unsettled === undefined) return end('ok');
    return end('stuck', { invariant: 'converges', detail: unsettled });
  } catch (error) {
    if (error instanceof Violation) {
      return end('violation', { invariant: error.invariant, detail: error.message });
    }
    if (error instanceof InvariantError || error instanceof TypeError) {
      return end('violation', {
        invariant: 'assertion',
        detail: error.stack ?? error.message,
      });
    }
    throw error;
  }
}
