import { assert, must } from '../base/assert.ts';
import type { LogEntry } from '../sharding/shard-state-machine.ts';
import type { ShardStep, StepOutcome, StepRow } from '../sharding/shard-step.ts';

/**
 * Steps in one piece of memory: a message takes it as it is, where each command by itself would be copied together with all that lies around it.
 *
 * `numbers`, of each step: shard, previous index, term and index of the last entry, number of commands, of each its index and bytes, number of rows, of each the
 * bytes of its value, or GONE, or RESULT_OF minus the place of a command. `keys`: of the rows. `bytes`: of commands and values, in this order.
 */
export interface PackedSteps {
  readonly numbers: readonly number[];
  readonly keys: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const GONE = -1;
const RESULT_OF = -2;

/** Copies commands and values. */
export function packSteps(steps: readonly ShardStep[]): PackedSteps {
  const numbers: number[] = [];
  const keys: string[] = [];
  const parts: Uint8Array[] = [];
  let size = 0;
  const add = (part: Uint8Array): number => {
    parts.push(part);
    size += part.byteLength;
    return part.byteLength;
  };
  for (const { shard, previous, last, commands, rows } of steps) {
    numbers.push(shard, previous, last.term, last.index, commands.length);
    for (const { index, command } of commands) numbers.push(index, add(command));
    numbers.push(rows.length);
    for (const { key, value } of rows) {
      keys.push(key);
      if (value === undefined) numbers.push(GONE);
      else if (value instanceof Uint8Array) numbers.push(add(value));
      else numbers.push(RESULT_OF - value.resultOf);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return { numbers, keys, bytes };
}

/** The steps of {@link packSteps}; commands and values are views of its bytes. */
export function unpackSteps({ numbers, keys, bytes }: PackedSteps): ShardStep[] {
  const steps: ShardStep[] = [];
  let place = 0;
  let row = 0;
  let at = 0;
  const next = (): number => {
    place += 1;
    return must(numbers[place - 1], 'packed steps are whole');
  };
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (place < numbers.length) {
    const shard = next();
    const previous = next();
    const last = { term: next(), index: next() };
    const commands: LogEntry[] = [];
    for (let left = next(); left > 0; left -= 1) {
      commands.push({ index: next(), command: take(next()) });
    }
    const rows: StepRow[] = [];
    for (let left = next(); left > 0; left -= 1) {
      const key = must(keys[row], 'a row has its key');
      row += 1;
      const length = next();
      if (length >= 0) rows.push({ key, value: take(length) });
      else if (length === GONE) rows.push({ key, value: undefined });
      else rows.push({ key, value: { resultOf: RESULT_OF - length } });
    }
    steps.push({ shard, previous, last, commands, rows });
  }
  assert(at === bytes.length, 'packed steps are whole');
  return steps;
}

/** What became of steps, with all results in one piece of memory; of each step the bytes of its results. */
export interface PackedOutcomes {
  readonly outcomes: readonly (
    | { readonly kind: 'applied'; readonly lengths: readonly number[] }
    | Extract<StepOutcome, { kind: 'failed' }>
  )[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Copies the results. */
export function packOutcomes(outcomes: readonly StepOutcome[]): PackedOutcomes {
  const results = outcomes.flatMap((each) => (each.kind === 'applied' ? each.results : []));
  const bytes = new Uint8Array(results.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const result of results) {
    bytes.set(result, at);
    at += result.byteLength;
  }
  const packed = outcomes.map((each) =>
    each.kind === 'failed'
      ? each
      : { kind: each.kind, lengths: each.results.map(({ byteLength }) => byteLength) },
  );
  return { outcomes: packed, bytes };
}

/** The outcomes of {@link packOutcomes}; results are views of its bytes. */
export function unpackOutcomes({ outcomes, bytes }: PackedOutcomes): StepOutcome[] {
  let at = 0;
  return outcomes.map((each) => {
    if (each.kind === 'failed') return each;
    const results = each.lengths.map((length) => {
      at += length;
      return bytes.subarray(at - length, at);
    });
    return { kind: 'applied', results };
  });
}
