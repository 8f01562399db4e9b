import type { Mutant } from './mutant.ts';

const MEMBERSHIP = 'src/cluster/membership';
const ROUTING = 'src/cluster/routing';

/** Bugs of who belongs to the cluster, and of how replicas move. */
const MEMBERSHIP_MUTANTS: readonly Omit<Mutant, 'mode'>[] = [
  {
    name: 'founds-without-majority',
    file: `${MEMBERSHIP}/formation.ts`,
    find: 'if (!changed && consenting >= needed) return [];',
    replace: 'if (!changed) return [];',
    why: 'a founder that lost its disk, and reaches nobody, founds a second cluster',
    expects: ['oneCluster', 'oneVoteATerm', 'sameState'],
  },
  {
    name: 'wiped-node-keeps-its-number',
    file: 'src/cluster/catalog/node-changes.ts',
    find: 'const same = nodes.find(({ incarnation }) => incarnation === node.incarnation);',
    replace:
      "const same = nodes.find((each) => each.nodeId === node.nodeId && each.state !== 'gone');",
    why: 'a node without its data is taken for the one that had voted and acknowledged',
    expects: ['numberIsNeverReused', 'oneVoteATerm', 'electionSafety'],
  },
  {
    name: 'removes-what-the-catalog-does-not-know',
    file: `${MEMBERSHIP}/replica-keeper.ts`,
    find: 'return generationOf(replica) < (generations.get(node) ?? 0) ? [remove, ...create] : [];',
    replace: 'return [remove, ...create];',
    why: 'a node whose catalog is behind destroys a replica that was made since',
    expects: ['converges', 'destroyedStaysDestroyed'],
  },
  {
    name: 'switch-without-the-new-voter',
    file: `${MEMBERSHIP}/guarded-change.ts`,
    find: "          ...change.add.map((replica) => ({ kind: 'addVoter', replica }) as const),\n",
    replace:
      "          ...(change.remove.length > 0 ? [] : change.add).map(\n            (replica) => ({ kind: 'addVoter', replica }) as const,\n          ),\n",
    why: 'the old replica goes and no other comes: two voters are left of three',
    expects: ['replicasAreKept', 'converges'],
  },
  {
    name: 'votes-before-it-has-caught-up',
    file: `${MEMBERSHIP}/shard-observation.ts`,
    find: "behind <= lagMax &&\n    progress?.state === 'replicate' &&\n    progress.recentlyActive",
    replace: 'behind >= 0',
    why: 'a replica votes that has nothing yet: a move leaves a shard with fewer copies than it says',
    expects: ['votersHaveCaughtUp'],
  },
  {
    name: 'destroyed-before-majority-applied',
    file: `${MEMBERSHIP}/move-action.ts`,
    find: 'return isMajority(applied, voters);',
    replace: 'return applied.length > 0;',
    why: 'a replica is deleted that voters still ask, and that do not know yet that it is out',
    expects: ['destroyedIsNotNeeded'],
  },
  {
    name: 'catalog-acknowledged-before-commit',
    file: `${MEMBERSHIP}/cluster-membership.ts`,
    find: 'return decodeClusterResult(await host.propose(CATALOG_GROUP, bytes, { ...stamp, signal }));',
    replace:
      "const proposed = host.propose(CATALOG_GROUP, bytes, { ...stamp, signal });\n        if (command.kind !== 'collections') return decodeClusterResult(await proposed);\n        proposed.catch(() => undefined);\n        const { applyClusterCommand } = await import('../catalog/apply-cluster-command.ts');\n        return applyClusterCommand(catalog.state, command).result;",
    why: 'a leader that is deposed forgets a collection that it has said to be there',
    expects: ['linearizable'],
  },
  {
    name: 'catalog-snapshot-is-forgotten',
    file: 'src/cluster/catalog/catalog-files.ts',
    find: '      await file.sync();\n',
    replace: '',
    why: 'the catalog says that it is durable when it was only written',
    expects: ['logReachesState', 'assertion', 'converges'],
  },
  {
    name: 'epoch-is-not-looked-at',
    file: 'src/sharding/shard-state-machine.ts',
    find: 'if (epoch < this.#epoch) {',
    replace: 'if (epoch < 0) {',
    why: 'what was sent by a node that knows older replicas is applied behind the fence',
    expects: ['epochIsFenced'],
  },
];

/** Bugs of how nodes write and read for their clients. */
const ROUTING_MUTANTS: readonly Omit<Mutant, 'mode'>[] = [
  {
    name: 'retry-under-a-new-number',
    file: `${ROUTING}/group-writer.ts`,
    find: 'const stamped = stamp ?? session?.stamp(sequence);',
    replace:
      'const again = progress.isUnknown ? session?.take() : undefined;\n          const stamped = stamp ?? session?.stamp(again ?? sequence);',
    why: 'a write that is sent again is another write',
    expects: ['exactlyOnce', 'linearizable'],
  },
  {
    name: 'session-number-given-twice',
    file: 'src/raft/host/session-table.ts',
    find: '    this.#sessions.set(index, { lastUsed: index, respondedUpTo: 0, answers: new Map() });\n    this.#changedSessions.add(index);\n    return index;',
    replace:
      '    const id = 1 + (index % 4);\n    if (!this.#sessions.has(id)) {\n      this.#sessions.set(id, { lastUsed: index, respondedUpTo: 0, answers: new Map() });\n    }\n    this.#changedSessions.add(id);\n    return id;',
    why: 'a node that was restarted is answered what its writes of the life before came to',
    expects: ['linearizable', 'assertion'],
  },
  {
    name: 'lost-answer-told-as-refused',
    file: `${ROUTING}/write-outcome.ts`,
    find: "UNAVAILABLE: 'unknown',",
    replace: "UNAVAILABLE: 'notApplied',",
    why: 'a client hears that its write has no effect, and it is seen later',
    expects: ['linearizable', 'exactlyOnce'],
  },
  {
    name: 'local-read-as-linearizable',
    file: `${ROUTING}/local-reads.ts`,
    find: "if (consistency === 'linearizable') {",
    replace: "if (consistency === 'local') {",
    why: 'a replica that is behind answers for all',
    expects: ['linearizable'],
  },
  {
    name: 'names-without-a-barrier',
    file: `${ROUTING}/read-barriers.ts`,
    find: 'groups: [CATALOG_GROUP, ...shards.map(groupOfShard)]',
    replace: 'groups: shards.map(groupOfShard)',
    why: 'a node that missed the drop of a collection still reads it',
    expects: ['linearizable'],
  },
  {
    name: 'failed-barriers-are-passed',
    file: `${ROUTING}/read-barriers.ts`,
    find: 'failed.push(shardOfGroup(group));',
    replace: '',
    why: 'a node that is cut off from a shard answers with what it has',
    expects: ['linearizable'],
  },
  {
    name: 'reads-what-is-not-indexed',
    file: `${ROUTING}/local-reads.ts`,
    find: 'for (const shard of shards) if (!readable.has(shard)) return false;\n    return true;',
    replace: 'return shards.length > 0 && readable.size > 0;',
    why: 'a shard that is not here, or not in the indexes yet, has no points as far as a read can see',
    expects: ['linearizable', 'assertion'],
  },
];

/** Bugs that a simulation of whole nodes finds. */
export const NODE_MUTANTS: readonly Mutant[] = [...MEMBERSHIP_MUTANTS, ...ROUTING_MUTANTS].map(
  (each) => ({ ...each, mode: 'nodes' }),
);
