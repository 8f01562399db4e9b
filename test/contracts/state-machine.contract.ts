import { beforeEach, describe, expect, test } from 'vitest';
import { VectorDbError } from '../../src/base/error.ts';
import { configurationOf } from '../../src/raft/core/configuration.ts';
import { LOG_START } from '../../src/raft/core/entry.ts';
import type { SnapshotMeta } from '../../src/raft/core/snapshot-meta.ts';
import type {
  HostRow,
  StagedState,
  StateMachine,
  StateMachineFactory,
} from '../../src/raft/host/state-machine.ts';

/** State machines under test, on the disk of one node. */
export interface MachinesUnderTest {
  readonly factory: StateMachineFactory;
  /** State machines of the same groups on another node; absent: a state may as well be another group's. */
  readonly elsewhere?: StateMachineFactory;
  /** Ends the process without warning; what the next one finds. */
  crash(): Promise<StateMachineFactory>;
  /** A command whose result, and whose effect, are those of this number alone. */
  command(number: number): Uint8Array;
}

const GROUP = 3;
const row = (key: string, value?: string): HostRow => ({
  key,
  value: value === undefined ? undefined : Buffer.from(value),
});

/** What every replicated state does. */
export function describeStateMachine(name: string, create: () => MachinesUnderTest): void {
  let under: MachinesUnderTest;
  let machine: StateMachine;

  beforeEach(async () => {
    under = create();
    machine = await under.factory.open(GROUP, 0);
  });

  /** Applies one command an index. */
  const apply = (
    from: number,
    to: number,
    rows: readonly HostRow[] = [],
    on = machine,
  ): Promise<readonly Uint8Array[]> => {
    const commands = Array.from({ length: to - from + 1 }, (_, at) => ({
      term: 2,
      index: from + at,
      command: under.command(from + at),
    }));
    return on.apply({ commands, last: { term: 2, index: to }, rows });
  };
  const textRows = async (of = machine): Promise<Record<string, string>> =>
    Object.fromEntries(
      [...(await of.hostRows())].map(([key, value]) => [key, Buffer.from(value).toString()]),
    );
  const meta = (index: number): SnapshotMeta => ({
    term: 2,
    index,
    configuration: configurationOf([1]),
  });
  /** All bytes of the state as of now, read in pieces. */
  const bytesOf = async (of = machine, piece = 7): Promise<Uint8Array> => {
    await using snapshot = await of.snapshot();
    const pieces: Uint8Array[] = [];
    for (let offset = 0; ; offset += piece) {
      const bytes = await snapshot.read(offset, piece);
      pieces.push(bytes.slice());
      if (bytes.byteLength < piece) return Buffer.concat(pieces);
    }
  };
  const fill = async (staged: StagedState, bytes: Uint8Array): Promise<void> => {
    for (let offset = 0; offset < bytes.byteLength; offset += 11) {
      expect(staged.size).toBe(offset);
      await staged.write(bytes.subarray(offset, offset + 11));
    }
  };
  const stage = async (bytes: Uint8Array, of: SnapshotMeta, on: StateMachine) => {
    const staged: StagedState = await on.stage(of);
    await fill(staged, bytes);
    return staged;
  };

  describe(`${name} as a state machine`, () => {
    test('begins at the start of the log, without rows', async () => {
      expect(machine.applied).toEqual(LOG_START);
      expect(await textRows()).toEqual({});
    });

    test('gives each command its result, and keeps the entry that it has come to', async () => {
      const first = await apply(1, 3);
      expect(first).toHaveLength(3);
      expect(new Set(first.map((bytes) => Buffer.from(bytes).toString())).size).toBe(3);
      expect(machine.applied).toEqual({ term: 2, index: 3 });
      await machine.apply({ commands: [], last: { term: 4, index: 9 }, rows: [] });
      expect(machine.applied).toEqual({ term: 4, index: 9 });
    });

    test('keeps rows, and results that rows ask for', async () => {
      const results = await machine.apply({
        commands: [1, 2].map((index) => ({ term: 2, index, command: under.command(index) })),
        last: { term: 2, index: 2 },
        rows: [
          { key: 'second', value: { resultOf: 1 } },
          { key: 'first', value: { resultOf: 0 } },
          row('b', '2'),
        ],
      });
      const kept = await machine.hostRows();
      expect(kept.size).toBe(3);
      for (const [place, key] of ['first', 'second'].entries()) {
        expect(Buffer.from(kept.get(key) ?? [])).toEqual(Buffer.from(results[place] ?? []));
      }
      await apply(3, 3, [row('b'), row('c', '3'), row('never there')]);
      expect(Object.keys(await textRows()).toSorted()).toEqual(['c', 'first', 'second']);
    });

    test('has what was flushed after a crash', async () => {
      await apply(1, 5, [row('a', '1')]);
      expect(await machine.flush()).toBeGreaterThanOrEqual(5);
      const digest = await machine.digest();
      const reopened = await (await under.crash()).open(GROUP, 0);
      expect(reopened.applied).toEqual({ term: 2, index: 5 });
      expect(await textRows(reopened)).toEqual({ a: '1' });
      expect(await reopened.digest()).toBe(digest);
    });

    test('is, after a crash, as it was after some batch: commands, rows and entry together', async () => {
      const digests = new Map([[0, await machine.digest()]]);
      for (let index = 1; index <= 5; index += 1) {
        await apply(index, index, [row('at', String(index))]);
        digests.set(index, await machine.digest());
      }
      const reopened = await (await under.crash()).open(GROUP, 0);
      const { index } = reopened.applied;
      expect(await reopened.digest()).toBe(digests.get(index));
      expect(await textRows(reopened)).toEqual(index === 0 ? {} : { at: String(index) });
    });

    test('has the digest of what it holds, however that was put together', async () => {
      const digest = await machine.digest();
      await apply(1, 4, [row('a', '1')]);
      const other = await under.factory.open(GROUP + 1, 0);
      expect(await other.digest()).toBe(digest);
      await apply(1, 1, [], other);
      await apply(2, 4, [row('a', '1')], other);
      expect(await other.digest()).toBe(await machine.digest());
      await other.apply({ commands: [], last: { term: 2, index: 5 }, rows: [row('a', '2')] });
      await machine.apply({ commands: [], last: { term: 2, index: 5 }, rows: [] });
      expect(await other.digest()).not.toBe(await machine.digest());
    });

    test('keeps a snapshot as it was taken, while more is applied', async () => {
      await apply(1, 3, [row('a', '1')]);
      const before = await bytesOf();
      await using snapshot = await machine.snapshot();
      await apply(4, 6, [row('a', '2')]);
      expect(snapshot.last).toEqual({ term: 2, index: 3 });
      const bytes = await snapshot.read(0, 1e6);
      expect(Buffer.compare(bytes, before)).toBe(0);
      expect(Buffer.compare(await snapshot.read(3, 4), before.subarray(3, 7))).toBe(0);
      expect(await snapshot.read(bytes.byteLength, 10)).toHaveLength(0);
    });

    test('destroyed, is gone for good', async () => {
      await apply(1, 3, [row('a', '1')]);
      await machine.flush();
      await machine[Symbol.asyncDispose]();
      await under.factory.destroy(GROUP);
      await under.factory.destroy(GROUP);
      expect((await under.factory.open(GROUP, 0)).applied).toEqual(LOG_START);
    });
  });

  describe(`a state that ${name} stages`, () => {
    let source: StateMachine;
    let bytes: Uint8Array;

    beforeEach(async () => {
      source =
        under.elsewhere === undefined
          ? await under.factory.open(GROUP + 1, 0)
          : await under.elsewhere.open(GROUP, 0);
      await apply(1, 9, [row('a', '9')], source);
      bytes = await bytesOf(source);
      await apply(1, 2, [row('old', '2')]);
    });

    test('changes nothing until it is activated, and then everything', async () => {
      const staged = await stage(bytes, meta(9), machine);
      await staged.finish();
      expect(machine.applied.index).toBe(2);
      await apply(3, 3);
      await machine.activate(staged.generation);
      expect(machine.applied).toEqual(source.applied);
      expect(await textRows()).toEqual({ a: '9' });
      expect(await machine.digest()).toBe(await source.digest());
      await machine.activate(staged.generation);
      expect(machine.applied.index).toBe(9);
      await apply(10, 10, [row('b', '10')]);
      expect(machine.applied.index).toBe(10);
    });

    test('is found by the next process where the log names it, and only there', async () => {
      const staged = await stage(bytes, meta(9), machine);
      await staged.finish();
      await machine.flush();
      const next = await under.crash();
      const named = await next.open(GROUP, staged.generation);
      expect(named.applied.index).toBe(9);
      expect(await textRows(named)).toEqual({ a: '9' });
    });

    test('is thrown away by the next process where the log does not name it', async () => {
      const staged = await stage(bytes, meta(9), machine);
      await staged.finish();
      await machine.flush();
      const next = await under.crash();
      expect((await next.open(GROUP, 0)).applied.index).toBe(2);
    });

    test('stays activated after a crash', async () => {
      const staged = await stage(bytes, meta(9), machine);
      await staged.finish();
      await machine.activate(staged.generation);
      await apply(10, 10);
      await machine.flush();
      const reopened = await (await under.crash()).open(GROUP, staged.generation);
      expect(reopened.applied.index).toBe(10);
    });

    test('has a generation that no other one has', async () => {
      const first = await machine.stage(meta(9));
      await first.discard();
      const second = await stage(bytes, meta(9), machine);
      await second.finish();
      await machine.activate(second.generation);
      const third = await machine.stage(meta(9));
      expect(first.generation).toBeGreaterThan(0);
      expect(new Set([first, second, third].map(({ generation }) => generation)).size).toBe(3);
    });

    test('that is incomplete, or of another entry, is refused', async () => {
      for (const [part, of] of [
        [bytes.subarray(0, bytes.byteLength - 3), meta(9)],
        [bytes, meta(8)],
      ] as const) {
        const staged = await machine.stage(of);
        // Where it is seen at once, it need not be taken to the end.
        const taken = fill(staged, part).then(() => staged.finish());
        await expect(taken).rejects.toThrow(VectorDbError);
        await expect(taken).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
        await staged.discard();
      }
      expect(machine.applied.index).toBe(2);
    });
  });
}
