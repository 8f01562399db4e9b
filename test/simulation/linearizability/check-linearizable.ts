import { LinearizationSearch } from './linearization-search.ts';
import type { Model } from './model.ts';
import type { Operation } from './operation.ts';

/** `unknown`: the work bound came first; that is no pass. `explanation`: of a violation or an unknown, for people. */
export type LinearizabilityVerdict =
  | { readonly result: 'linearizable'; readonly steps: number }
  | {
      readonly result: 'violation' | 'unknown';
      readonly steps: number;
      readonly partition: string;
      readonly explanation: string;
    };

/** The work that one partition may take, where nothing else is said; some seconds and some hundred megabytes at most. */
export const STEPS_MAX = 1_000_000;

/** Operations of an explanation; older ones are counted only. */
const SHOWN_MAX = 25;

/**
 * Whether clients could have seen what they saw of one copy of the object that does one operation at a time (Herlihy and Wing 1990).
 * @param stepsMax - steps of the model for one partition
 */
export function checkLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  stepsMax = STEPS_MAX,
): LinearizabilityVerdict {
  const partitions = Map.groupBy(history, ({ input }) => model.partition(input));
  let steps = 0;
  let unknown: LinearizabilityVerdict | undefined;
  for (const [partition, operations] of partitions) {
    const outcome = new LinearizationSearch(model, operations, stepsMax).run();
    steps += outcome.steps;
    if (outcome.result === 'violation') {
      const explanation = explainViolation(partition, operations, model, stepsMax);
      return { result: 'violation', steps, partition, explanation };
    }
    if (outcome.result === 'unknown') {
      const explanation = `${partition}: not decided within ${stepsMax} steps (${operations.length} operations)`;
      unknown ??= { result: 'unknown', steps, partition, explanation };
    }
  }
  return unknown ?? { result: 'linearizable', steps };
}

/** What had been seen when a moment passed: what returned later had an unknown outcome then. */
function prefixAt<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  at: number,
): readonly Operation<Input, Output>[] {
  return operations
    .filter(({ calledAt }) => calledAt <= at)
    .map((each) =>
      each.returned !== undefined && each.returned.at > at
        ? { ...each, returned: undefined }
        : each,
    );
}

/** The times of returns, ascending, and the place of the first by which the history cannot be explained. */
function shortestPrefix<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  stepsMax: number,
): { readonly times: readonly number[]; readonly place: number } {
  const times = [...new Set(operations.flatMap(({ returned }) => returned?.at ?? []))].toSorted(
    (a, b) => a - b,
  );
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const prefix = prefixAt(operations, times[middle] ?? 0);
    const { result } = new LinearizationSearch(model, prefix, stepsMax).run();
    if (result === 'violation') high = middle;
    else low = middle + 1;
  }
  return { times, place: low };
}

function explainViolation<State, Input, Output>(
  partition: string,
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  stepsMax: number,
): string {
  const { times, place } = shortestPrefix(operations, model, stepsMax);
  const at = times[place] ?? 0;
  const before = times[place - 1] ?? -Infinity;
  const explained = new LinearizationSearch(model, prefixAt(operations, before), stepsMax).run();
  const seen = prefixAt(operations, at).toSorted((a, b) => a.calledAt - b.calledAt);
  const lines = [`${partition}: nothing explains what was seen by ${at}`];
  if (explained.result === 'linearizable') {
    lines.push(`before, it could have been ${model.stateKey(explained.state)}, in this order:`);
    lines.push(...lastOf(explained.order.map((each) => `    ${describe(model, each)}`)));
  }
  lines.push('operations by their calls:');
  lines.push(
    ...lastOf(
      seen.map((each) => `  ${each.returned?.at === at ? '>' : ' '} ${describe(model, each)}`),
    ),
  );
  return lines.join('\n');
}

const lastOf = (lines: readonly string[]): readonly string[] => [
  ...(lines.length > SHOWN_MAX ? [`    … ${lines.length - SHOWN_MAX} before`] : []),
  ...lines.slice(-SHOWN_MAX),
];

function describe<State, Input, Output>(
  model: Model<State, Input, Output>,
  { client, calledAt, input, returned }: Operation<Input, Output>,
): string {
  const outcome = returned === undefined ? 'unknown' : model.describeOutput(returned.output);
  const span = returned === undefined ? `${calledAt}…` : `${calledAt}…${returned.at}`;
  return `${span} ${client}: ${model.describeInput(input)} → ${outcome}`;
}
