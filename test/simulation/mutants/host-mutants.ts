import type { Mutant } from './mutant.ts';

const HOST = 'src/raft/host';
const LOG = 'src/raft/log';

/** Bugs of what is written when, and of what follows from it. */
const DURABILITY_MUTANTS: readonly Omit<Mutant, 'mode'>[] = [
  {
    name: 'answer-before-earlier-writes',
    file: `${HOST}/group-committer.ts`,
    find: 'else newest.whenDurable.push({ group, tell: whenDurable });',
    replace: 'else whenDurable();',
    why: 'what has nothing to write itself does not wait for what was written before it',
    expects: ['durableBeforeSent', 'assertion'],
  },
  {
    name: 'batch-without-sync',
    file: `${HOST}/group-committer.ts`,
    find: 'batch.mustSync ||= mustSync;',
    replace: 'batch.mustSync = mustSync;',
    why: 'a write that needs no sync takes it from those it shares a batch with',
    expects: ['nothingAcknowledgedIsLost', 'durableBeforeSent'],
  },
  {
    name: 'vote-alone-not-written',
    file: `${HOST}/raft-group.ts`,
    find: 'if (!mustSync && entries.length === 0 && snapshot === undefined) {',
    replace: 'if (entries.length === 0 && snapshot === undefined) {',
    why: 'a term and a vote without entries are kept in memory only (hard state after entries)',
    expects: ['durableBeforeSent', 'oneVoteATerm'],
  },
  {
    name: 'no-sync-at-all',
    file: `${LOG}/log-writer.ts`,
    find: '      await segment.file.sync();\n      this.#position.durable = batch;',
    replace: '      this.#position.durable = batch;',
    why: 'the log says that a batch is durable when it was only written',
    expects: ['nothingAcknowledgedIsLost'],
  },
  {
    name: 'damage-cut-as-torn-end',
    file: `${LOG}/log-recovery.ts`,
    find: 'const durable = mayBeTorn ? durableBatch(items, head, identity) : Infinity;',
    replace: 'const durable = mayBeTorn ? 0 : Infinity;',
    why: 'damage among acknowledged records is cut off like a torn end',
    expects: ['nothingAcknowledgedIsLost', 'durableBeforeSent'],
  },
  {
    name: 'log-cut-beyond-durable-state',
    file: `${HOST}/log-compactor.ts`,
    find: 'Math.min(target, await flush())',
    replace: '(await Promise.resolve(), target)',
    why: 'entries are forgotten that the state machine has applied and not durably',
    expects: ['logReachesState', 'damageIsReal'],
  },
  {
    name: 'wiped-node-under-its-old-id',
    file: `${HOST}/replica-id.ts`,
    find: 'return node * GENERATIONS + generation;',
    replace: 'return node * GENERATIONS + Math.min(1, generation);',
    why: 'a node that lost its data comes back as the replica that had voted and acknowledged',
    expects: ['nothingAcknowledgedIsLost', 'oneVoteATerm'],
  },
  {
    name: 'snapshot-active-before-durable',
    file: `${HOST}/group-snapshots.ts`,
    find: 'const decided = await decision;',
    replace: "resolve('install');\n    const decided = await decision;",
    why: 'a staged state takes the place of the other one before the log has named it',
    expects: ['logReachesState', 'assertion'],
  },
];

/** Bugs of sessions, answers and reads. */
const CLIENT_MUTANTS: readonly Omit<Mutant, 'mode'>[] = [
  {
    name: 'retry-applied-twice',
    file: `${HOST}/session-table.ts`,
    find: "if (known !== undefined) return { kind: 'repeat', answer: known };",
    replace: '',
    why: 'a write that is sent again is applied again (thesis 6.3)',
    expects: ['exactlyOnce', 'linearizable'],
  },
  {
    name: 'unknown-session-is-new',
    file: `${HOST}/session-table.ts`,
    find: "if (session === undefined) return { kind: 'expired' };",
    replace: `if (session === undefined) {
      this.open(id, 100);
      return this.accept(stamp, index);
    }`,
    why: 'a session that was forgotten begins anew, and its old writes are applied again',
    expects: ['exactlyOnce', 'sameState', 'linearizable'],
  },
  {
    name: 'sessions-by-local-order',
    file: `${HOST}/session-table.ts`,
    find: 'loaded.toSorted(([, a], [, b]) => a.lastUsed - b.lastUsed)',
    replace: 'loaded',
    why: 'after a restart another session is given up than on other replicas',
    expects: ['sameState', 'stateMachineSafety'],
  },
  {
    name: 'unknown-told-as-failed',
    file: `${HOST}/proposal-tracker.ts`,
    find: "proposal.reject(outcomeUnknown(this.#options.group, 'the leader changed'));",
    replace: 'proposal.reject(entryLost(this.#options.group, 0));',
    why: 'a client hears that its write has no effect, and it is committed later',
    expects: ['refusedHasNoEffect', 'linearizable'],
  },
  {
    name: 'read-before-applied',
    file: `${HOST}/read-waiter.ts`,
    find: 'const due = this.#confirmed.filter(({ index }) => index <= appliedIndex);',
    replace: 'const due = this.#confirmed;',
    why: 'a confirmed read is served from a state that does not have what it must see',
    expects: ['readIsFresh', 'linearizable'],
  },
];

/** Bugs of reads that a quorum confirms by where its logs end. */
const QUORUM_READ_MUTANTS: readonly Omit<Mutant, 'mode'>[] = [
  {
    name: 'answers-before-the-read-count',
    file: `${HOST}/quorum-reads.ts`,
    find: `asked: new Map(), ticks: 0 };
    this.#underWay = round;
    this.#ask(round, this.#fewest(readers));
    if (round.asked.size === 0) this.#end(round);`,
    replace: `asked: (this.kept ??= new Map()), ticks: 0 };
    this.#underWay = round;
    this.#ask(round, this.#fewest(readers));
    this.#look(round);
    this.#endIfOver(round);`,
    why: 'what a node said once about its logs counts for reads that begin later',
    expects: ['readIsFresh', 'linearizable'],
  },
  {
    name: 'own-log-is-a-quorum',
    file: 'src/raft/core/quorum.ts',
    find: 'let missing = (voters.length >> 1) + 1;',
    replace: 'let missing = voters.length >> 1;',
    why: 'a node that is behind, or cut off, confirms its reads itself',
    expects: ['readIsFresh', 'linearizable'],
  },
  {
    name: 'longer-logs-are-passed',
    file: `${HOST}/group-requests.ts`,
    find: 'return end !== undefined && end <= index;',
    replace: 'return end !== undefined;',
    why: 'that a quorum answered is taken for that it has nothing more than this node',
    expects: ['readIsFresh', 'linearizable'],
  },
];

/** Bugs that a simulation of Raft hosts finds. */
export const HOST_MUTANTS: readonly Mutant[] = [
  ...DURABILITY_MUTANTS,
  ...CLIENT_MUTANTS,
  ...QUORUM_READ_MUTANTS,
].map((each) => ({ ...each, mode: 'cluster' }));
