import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SESSION_RESULTS_MAX, SessionTable } from './session-table.ts';
import { type HostRow, keptRows } from './state-machine.ts';

const result = (text: string): Uint8Array => Buffer.from(text);

/** Rows as a state machine keeps them. */
function keep(rows: Map<string, Uint8Array>, changes: readonly HostRow[]): void {
  for (const { key, value } of keptRows(changes, [])) {
    if (value === undefined) rows.delete(key);
    else rows.set(key, new Uint8Array(value));
  }
}

function accept(table: SessionTable, session: number, sequence: number, index: number, upTo = 0) {
  return table.accept({ session, sequence, respondedUpTo: upTo }, index, 0);
}

/** Accepts a command that is new, and gives it a result. */
function write(table: SessionTable, session: number, sequence: number, index: number): void {
  const verdict = accept(table, session, sequence, index);
  if (verdict.kind === 'new') verdict.answer.result = result(`r${sequence}`);
}

describe('a session', () => {
  test('repeats the answer of a command it knows', () => {
    const table = new SessionTable();
    const id = table.open(5, 10);
    write(table, id, 1, 6);
    expect(accept(table, id, 1, 7)).toEqual({ kind: 'repeat', answer: { result: result('r1') } });
    expect(accept(table, id, 2, 8).kind).toBe('new');
  });

  test('that was not opened, or was closed, is an error and never a new one', () => {
    const table = new SessionTable();
    expect(accept(table, 5, 1, 6).kind).toBe('expired');
    const id = table.open(7, 10);
    expect(table.close(id)).toBe(true);
    expect(table.close(id)).toBe(false);
    expect(accept(table, id, 1, 9).kind).toBe('expired');
    expect(table.size).toBe(0);
  });

  test('forgets answers that its client has, and applies none of them again', () => {
    const table = new SessionTable();
    const rows = new Map<string, Uint8Array>();
    const id = table.open(5, 10);
    for (const sequence of [1, 2, 3]) write(table, id, sequence, 5 + sequence);
    keep(rows, table.takeChanges());
    expect(rows.size).toBe(4);
    expect(accept(table, id, 2, 9, 2).kind).toBe('expired');
    expect(accept(table, id, 3, 10).kind).toBe('repeat');
    keep(rows, table.takeChanges());
    expect([...rows.keys()].toSorted()).toEqual([`result/${id}/3`, `session/${id}`]);
  });

  test('takes no more commands than it may leave unacknowledged', () => {
    const table = new SessionTable();
    const id = table.open(1, 10);
    for (let sequence = 1; sequence <= SESSION_RESULTS_MAX; sequence += 1) {
      write(table, id, sequence, 1 + sequence);
    }
    const sequence = SESSION_RESULTS_MAX + 1;
    expect(accept(table, id, sequence, 5000).kind).toBe('full');
    expect(accept(table, id, sequence, 5001, 1).kind).toBe('new');
  });
});

describe('too many sessions', () => {
  test('make the one go that was not used for longest', () => {
    const table = new SessionTable();
    const first = table.open(1, 2);
    const second = table.open(2, 2);
    write(table, first, 1, 3);
    table.open(4, 2);
    expect(accept(table, first, 2, 5).kind).toBe('new');
    expect(accept(table, second, 1, 6).kind).toBe('expired');
  });

  test('make the same one go after a restart', () => {
    const table = new SessionTable();
    const rows = new Map<string, Uint8Array>();
    for (const index of [1, 2, 10]) table.open(index, 3);
    write(table, 1, 1, 11);
    keep(rows, table.takeChanges());
    const restarted = new SessionTable(rows);
    for (const each of [table, restarted]) {
      each.open(12, 3);
      expect(each.close(2)).toBe(false);
      expect(each.close(10)).toBe(true);
    }
  });
});

test('a row asks for a result that is not there yet by the place of its command', () => {
  const table = new SessionTable();
  const id = table.open(5, 10);
  table.accept({ session: id, sequence: 1, respondedUpTo: 0 }, 6, 3);
  const row = table.takeChanges().find(({ key }) => key === `result/${id}/1`);
  expect(row?.value).toEqual({ resultOf: 3 });
});

test('a damaged row is corrupt', () => {
  expect(() => new SessionTable(new Map([['session/1', new Uint8Array(3)]]))).toThrow('session');
});

type Step =
  | { readonly kind: 'open' }
  | { readonly kind: 'close'; readonly of: number }
  | {
      readonly kind: 'write';
      readonly of: number;
      readonly sequence: number;
      readonly upTo: number;
    };

test('rows are the same however entries are put together into steps, and after any restart', () => {
  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('open' as const) }),
    fc.record({ kind: fc.constant('close' as const), of: fc.nat(30) }),
    fc.record({
      kind: fc.constant('write' as const),
      of: fc.nat(30),
      sequence: fc.integer({ min: 1, max: 5 }),
      upTo: fc.nat(3),
    }),
  );
  const run = (steps: readonly Step[], ends: readonly boolean[], restarts: boolean) => {
    const rows = new Map<string, Uint8Array>();
    let table = new SessionTable();
    const verdicts: string[] = [];
    for (const [place, step] of steps.entries()) {
      const index = place + 1;
      if (step.kind === 'open') table.open(index, 3);
      else if (step.kind === 'close') verdicts.push(String(table.close(step.of)));
      else {
        const verdict = accept(table, step.of, step.sequence, index, step.upTo);
        verdicts.push(verdict.kind);
        if (verdict.kind === 'new') verdict.answer.result = result(String(index));
        if (verdict.kind === 'repeat' && verdict.answer.result instanceof Uint8Array) {
          verdicts.push(Buffer.from(verdict.answer.result).toString());
        }
      }
      if (ends[place] !== true && place < steps.length - 1) continue;
      keep(rows, table.takeChanges());
      if (restarts) table = new SessionTable(rows);
    }
    return { verdicts, rows: [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)) };
  };
  fc.assert(
    fc.property(
      fc.array(anyStep, { minLength: 1, maxLength: 40 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.boolean(),
      (steps, ends, restarts) => {
        const all = steps.map(() => true);
        expect(run(steps, ends, restarts)).toEqual(run(steps, all, true));
      },
    ),
  );
});
