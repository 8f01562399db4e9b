import { describe, expect, test } from 'vitest';
import { configurationOf } from '../../../src/raft/core/configuration.ts';
import type { Entry } from '../../../src/raft/core/entry.ts';
import { GroupLedger } from './group-ledger.ts';
import { isQuorum, quorumsIntersect } from './quorum-check.ts';
import { ReplicaLedger } from './replica-ledger.ts';
import { shadowWriteOf } from './shadow-log.ts';

const A = 2 ** 20 + 1;
const entry = (index: number, term: number, text = ''): Entry => ({
  index,
  term,
  kind: 'command',
  data: Buffer.from(text),
});
const hardState = (term: number, vote = 0): { term: number; vote: number; commit: number } => ({
  term,
  vote,
  commit: 0,
});

describe('a replica’s ledger', () => {
  function written(): ReplicaLedger {
    const ledger = new ReplicaLedger(A);
    ledger.wrote(shadowWriteOf({ group: 0, create: A, hardState: hardState(1, A) }));
    ledger.wrote(shadowWriteOf({ group: 0, entries: [entry(1, 1, 'a'), entry(2, 1, 'b')] }));
    return ledger;
  }
  const log = (entries: readonly Entry[]) => ({
    hardState: hardState(1, A),
    generation: 0,
    compacted: { term: 0, index: 0 },
    entries,
  });

  test('takes after a crash what was acknowledged, with or without what was under way', () => {
    for (const acknowledged of [1, 2]) {
      const ledger = written();
      ledger.acknowledged(acknowledged);
      ledger.recovered(log([entry(1, 1, 'a'), entry(2, 1, 'b')]));
    }
    const ledger = written();
    ledger.acknowledged(1);
    ledger.recovered(log([]));
  });

  test('refuses a log that lost, or changed, what was acknowledged', () => {
    for (const entries of [[], [entry(1, 1, 'a')], [entry(1, 1, 'a'), entry(2, 1, 'x')]]) {
      const ledger = written();
      ledger.acknowledged(2);
      expect(() => ledger.recovered(log(entries))).toThrow(/opened its log/);
    }
  });

  test('refuses a second vote in a term, and a leader that overwrites', () => {
    const ledger = written();
    expect(() => ledger.wrote(shadowWriteOf({ group: 0, hardState: hardState(1, A + 1) }))).toThrow(
      /voted for/,
    );
    ledger.ledTerm = 1;
    expect(() => ledger.wrote(shadowWriteOf({ group: 0, entries: [entry(2, 1, 'c')] }))).toThrow(
      /overwrites/,
    );
  });
});

describe('a group’s ledger', () => {
  test('refuses two leaders of a term, even two lives of one', () => {
    const group = new GroupLedger(0);
    const leader = group.replica(A);
    group.leaderSeen(leader, 3);
    group.leaderSeen(leader, 3);
    leader.incarnation += 1;
    expect(() => group.leaderSeen(leader, 3)).toThrow(/is led by/);
  });

  test('refuses another command, result, digest or effect', () => {
    const group = new GroupLedger(0);
    const by = group.replica(A);
    const bytes = (text: string): Uint8Array => Buffer.from(text);
    group.applied(5, bytes('a'), bytes('1'), by);
    expect(() => group.applied(5, bytes('b'), bytes('1'), by)).toThrow(/another command/);
    expect(() => group.applied(5, bytes('a'), bytes('2'), by)).toThrow(/another command/);
    group.digest(5, 'x', by);
    expect(() => group.digest(5, 'y', by)).toThrow(/digest/);
    group.effect('op', 5, by);
    expect(() => group.effect('op', 6, by)).toThrow(/was applied at 5/);
  });
});

describe('quorums', () => {
  test('need both halves of a joint configuration, and no learners', () => {
    const joint = { ...configurationOf([1, 2, 3], [9]), outgoing: [3, 4, 5] };
    expect(isQuorum(joint, (replica) => [1, 2, 9].includes(replica))).toBe(false);
    expect(isQuorum(joint, (replica) => [1, 3, 4].includes(replica))).toBe(true);
  });

  test('of neighbours share a replica; a jump over the joint configuration does not', () => {
    const three = configurationOf([1, 2, 3]);
    expect(quorumsIntersect(three, configurationOf([1, 2, 3, 4]))).toBe(true);
    expect(quorumsIntersect(three, { ...configurationOf([3, 4, 5]), outgoing: [1, 2, 3] })).toBe(
      true,
    );
    expect(quorumsIntersect(three, configurationOf([3, 4, 5]))).toBe(false);
  });
});
