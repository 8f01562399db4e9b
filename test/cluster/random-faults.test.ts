import { expect, test } from 'vitest';
import { FaultScript } from '../support/cluster-process/fault-script.ts';
import { LoadRun } from '../support/cluster-process/load-run.ts';
import { ProcessCluster } from '../support/cluster-process/process-cluster.ts';
import { sized, tell } from '../support/cluster-process/run-size.ts';
import { faultsOf } from '../support/cluster-process/workload/verdict.ts';

const RUNS = Number(process.env['CLUSTER_FAULT_RUNS'] ?? sized(2, 50));
const FIRST_SEED = Number(process.env['CLUSTER_SEED'] ?? 1);
const RUN_MS = 60_000;

test.for(Array.from({ length: RUNS }, (_, at) => FIRST_SEED + at))(
  'run %i: whatever happens to nodes and links, clients see one copy of each point',
  async (seed) => {
    await using cluster = await ProcessCluster.start();
    await using load = LoadRun.start(cluster, { seed });
    const { workload } = load;
    const { log } = workload;
    const script = new FaultScript(cluster, seed);
    await script.run(RUN_MS);
    await cluster.settled();
    await workload.stop();
    const faults = await faultsOf(cluster, workload);
    tell(`faults, run ${seed}`, {
      faults: script.done,
      operations: workload.history.length,
      unknownWrites: workload.history.filter(({ returned }) => returned === undefined).length,
      client: log.codes(({ isPatient }) => isPatient),
      plain: log.codes(({ isPatient }) => !isPatient),
    });
    expect(faults).toEqual([]);
  },
);
