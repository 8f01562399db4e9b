import { describe, expect, test } from 'vitest';
import {
  decodeKeyValueResult,
  encodeKeyValueCommand,
} from '../../../test/support/raft/host-key-value.ts';
import { MemoryMachines } from '../../../test/support/raft/host-memory-machine.ts';
import { type Configuration, configurationOf } from '../core/configuration.ts';
import type { Entry } from '../core/entry.ts';
import { type CommandEnvelope, encodeEnvelope, type SessionStamp } from './command-envelope.ts';
import { resultOf } from './command-outcome.ts';
import { DigestCheck, type DigestMismatch } from './digest-check.ts';
import { EntryApplier } from './entry-applier.ts';
import { CONFIGURATION_KEY, decodeConfigurationRow, EMPTY_CONFIGURATION } from './host-rows.ts';

const append = (value: string, stamp?: SessionStamp): CommandEnvelope => ({
  kind: 'command',
  command: encodeKeyValueCommand({ kind: 'append', key: 'a', value }),
  ...(stamp === undefined ? {} : { stamp }),
});
const entry = (index: number, envelope: CommandEnvelope): Entry => ({
  term: 1,
  index,
  kind: 'command',
  data: encodeEnvelope(envelope),
});
const change = (index: number): Entry => ({
  term: 1,
  index,
  kind: 'configuration',
  data: new Uint8Array(1),
});

async function applying() {
  const machines = new MemoryMachines();
  const machine = await machines.open(1, 0);
  const mismatches: DigestMismatch[] = [];
  const changed: number[] = [];
  const applier = new EntryApplier(
    {
      machine,
      digests: new DigestCheck(1, (mismatch) => mismatches.push(mismatch)),
      changeConfiguration: ({ index }): Configuration => {
        changed.push(index);
        return configurationOf([1, index]);
      },
    },
    await machine.hostRows(),
  );
  const all = async (entries: readonly Entry[], bytesMax = 1e6) => {
    const outcomes = [];
    for (let left = entries; left.length > 0;) {
      const step = await applier.apply(left, bytesMax);
      outcomes.push(step);
      left = left.slice(step.length);
    }
    return outcomes;
  };
  return { machines, machine, applier, mismatches, changed, all };
}

describe('a step', () => {
  test('takes entries up to a bound of bytes, and at least one', async () => {
    const { all } = await applying();
    const entries = [1, 2, 3, 4, 5].map((index) => entry(index, append('x')));
    const size = entries[0]?.data.byteLength ?? 0;
    expect((await all(entries, 2 * size)).map(({ length }) => length)).toEqual([2, 2, 1]);
    expect((await all(entries, 1)).map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
  });

  test('ends with a configuration, which it keeps together with the applied entry', async () => {
    const { machine, applier, changed, all } = await applying();
    const steps = await all([entry(1, append('x')), change(2), entry(3, append('y'))]);
    expect(steps.map(({ length }) => length)).toEqual([2, 1]);
    expect(changed).toEqual([2]);
    expect(applier.configuration).toEqual(configurationOf([1, 2]));
    const row = (await machine.hostRows()).get(CONFIGURATION_KEY);
    expect(decodeConfigurationRow(row)).toEqual(configurationOf([1, 2]));
    expect(steps[0]?.[1]?.outcome).toEqual({
      kind: 'configuration',
      configuration: configurationOf([1, 2]),
    });
  });

  test('moves the applied entry over entries without a command', async () => {
    const { machine, all } = await applying();
    const empty: Entry = { term: 2, index: 1, kind: 'empty', data: new Uint8Array(0) };
    const [step] = await all([empty]);
    expect(step?.map(({ outcome }) => outcome.kind)).toEqual(['nothing']);
    expect(machine.applied).toEqual({ term: 2, index: 1 });
    expect(() => resultOf(1, { kind: 'nothing' })).toThrow('could not read');
  });

  test('passes over no command that it cannot read', async () => {
    const { machine, all } = await applying();
    const newer: Entry = { term: 2, index: 2, kind: 'command', data: Uint8Array.of(99) };
    await expect(all([entry(1, append('x')), newer])).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    expect(machine.applied.index).toBe(0);
  });
});

describe('a command of a session', () => {
  const stamp = (session: number, sequence: number): SessionStamp => ({
    session,
    sequence,
    respondedUpTo: 0,
  });

  test('is applied once in a step that has it twice, or in two', async () => {
    const { machine, all } = await applying();
    const open = entry(1, { kind: 'openSession', sessionsMax: 5 });
    const [first, second] = [2, 3].map((index) => entry(index, append('x', stamp(1, 1))));
    const [step] = await all([open, first, second] as Entry[]);
    expect(step?.[0]?.outcome).toEqual({ kind: 'sessionOpened', session: 1 });
    const results = step?.slice(1).map(({ outcome }) => decodeKeyValueResult(resultOf(1, outcome)));
    expect(results).toEqual(['x', 'x']);
    await all([entry(4, append('x', stamp(1, 1)))]);
    expect(machine.value('a')).toBe('x');
  });

  test('is not applied where its session is closed in the same step', async () => {
    const { machine, all } = await applying();
    const [step] = await all([
      entry(1, { kind: 'openSession', sessionsMax: 5 }),
      entry(2, { kind: 'closeSession', session: 1 }),
      entry(3, { kind: 'closeSession', session: 1 }),
      entry(4, append('x', stamp(1, 1))),
    ]);
    const kinds = step?.map(({ outcome }) => outcome.kind);
    expect(kinds).toEqual(['sessionOpened', 'sessionClosed', 'sessionExpired', 'sessionExpired']);
    expect(machine.value('a')).toBeUndefined();
  });

  test('survives with what was applied, not more', async () => {
    const { machines, all } = await applying();
    await all([entry(1, { kind: 'openSession', sessionsMax: 5 })]);
    await all([entry(2, append('x', stamp(1, 1)))]);
    const machine = await machines.crash(() => 1).open(1, 0);
    expect(machine.applied.index).toBe(1);
    const restarted = new EntryApplier(
      {
        machine,
        digests: new DigestCheck(1, () => {}),
        changeConfiguration: () => EMPTY_CONFIGURATION,
      },
      await machine.hostRows(),
    );
    await restarted.apply([entry(2, append('x', stamp(1, 1)))], 1e6);
    expect(machine.value('a')).toBe('x');
  });
});

describe('a digest', () => {
  test('is of the state right behind its entry', async () => {
    const first = await applying();
    const [, [outcome] = []] = await first
      .all([entry(1, append('x')), entry(2, { kind: 'digest' }), entry(3, append('y'))])
      .then((steps) => [steps, steps[0]?.slice(1)] as const);
    const second = await applying();
    await second.all([entry(1, append('x'))]);
    await second.all([entry(2, { kind: 'digest' })]);
    const digest = await second.machine.digest();
    expect(outcome?.outcome).toEqual({ kind: 'digest', index: 2, digest });
  });

  test('is compared with the one reported', async () => {
    const { all, mismatches } = await applying();
    await all([entry(1, { kind: 'digest' })]);
    await all([
      entry(2, { kind: 'digestReport', index: 1, digest: 'other' }),
      entry(3, { kind: 'digestReport', index: 1, digest: 'again' }),
    ]);
    expect(mismatches).toMatchObject([{ group: 1, index: 1, reported: 'other' }]);
  });
});
