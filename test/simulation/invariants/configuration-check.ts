import type { Configuration } from '../../../src/raft/core/configuration.ts';
import type { LogIndex } from '../../../src/raft/core/entry.ts';
import type { RaftStatus } from '../../../src/raft/core/raft-status.ts';
import type { GroupLedger } from './group-ledger.ts';
import { quorumsIntersect } from './quorum-check.ts';
import type { ReplicaLedger } from './replica-ledger.ts';
import { hold } from './violation.ts';

const REPLICAS_A_NODE = 2 ** 20;

function same(a: Configuration, b: Configuration): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** All replicas go through one series of configurations, each of whose quorums shares a replica with those of the one before (thesis 4.1). */
export function checkConfiguration(
  group: GroupLedger,
  ledger: ReplicaLedger,
  { configuration, appliedIndex }: RaftStatus,
): void {
  const { configurations } = group;
  const before = configurations[ledger.configurationAt];
  if (before !== undefined && same(before, configuration)) return;
  if (configuration.voters.length === 0) return;
  const at = placeOf(group, configuration, appliedIndex, ledger.configurationAt + 1);
  if (at !== undefined) {
    arrived(ledger, at);
    return;
  }
  const newest = configurations.at(-1);
  const nodes = configuration.voters.map((replica) => Math.floor(replica / REPLICAS_A_NODE));
  hold(
    new Set(nodes).size === nodes.length,
    'oneVoterANode',
    () => `${ledger.name} has two voters on a node: ${JSON.stringify(configuration)}`,
  );
  hold(
    newest === undefined || quorumsIntersect(newest, configuration),
    'quorumsIntersect',
    () => `${ledger.name} goes from ${JSON.stringify(newest)} to ${JSON.stringify(configuration)}`,
  );
  configurations.push(configuration);
  group.configurationsSeenAt.push(appliedIndex);
  arrived(ledger, configurations.length - 1);
}

function arrived(ledger: ReplicaLedger, at: number): void {
  ledger.configurationAt = at;
  ledger.configurationMax = Math.max(ledger.configurationMax, at);
}

/** Where in the series a replica is that has applied so much: the newest that was seen so early, since a group may come back to a configuration. */
function placeOf(
  { configurations, configurationsSeenAt }: GroupLedger,
  configuration: Configuration,
  appliedIndex: LogIndex,
  from: number,
): number | undefined {
  const places = configurations
    .map((each, at) => ({ at, fits: at >= from && same(each, configuration) }))
    .filter(({ fits }) => fits);
  const seen = places.findLast(({ at }) => (configurationsSeenAt[at] ?? 0) <= appliedIndex);
  return (seen ?? places[0])?.at;
}

/** A leader proposes a change only when it has applied all changes before it (trap 4 and the Append rule). */
export function checkOwnChanges(ledger: ReplicaLedger, status: RaftStatus): void {
  const own = ledger.ownChanges;
  if (own.length === 0) return;
  ledger.ownChanges = [];
  for (const index of own) {
    const open = ledger.written.entries.filter(
      (entry) =>
        entry.kind === 'configuration' && entry.index < index && entry.index > status.appliedIndex,
    );
    hold(
      open.length === 0,
      'oneChangeAtATime',
      () =>
        `${ledger.name} proposes a change at ${index} with ${open[0]?.index} not applied (applied ${status.appliedIndex})`,
    );
  }
}
