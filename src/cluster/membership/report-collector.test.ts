import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { NodeReport } from '../call/node-report.ts';
import { ReportCollector } from './report-collector.ts';

/** A collector of nodes that answer, or do not. */
function collectorOf(silent: ReadonlySet<number>) {
  const clock = new HandClock();
  const call = (node: number): Promise<NodeReport> =>
    silent.has(node)
      ? Promise.reject(new VectorDbError('UNAVAILABLE', 'it is silent'))
      : Promise.resolve({ node } as NodeReport);
  const collector = new ReportCollector({
    clock,
    caller: { node: 1, call } as unknown as NodeCaller,
    silentMs: 3_000,
    lostMs: 10_000,
  });
  collector.begin();
  const run = async (ms: number, stepMs = 500): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      collector.ask([1, 2], new AbortController().signal);
      await Promise.resolve();
      clock.pass(stepMs);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    collector.ask([1, 2], new AbortController().signal);
  };
  return { collector, run };
}

describe('a node that does not answer', () => {
  test('is silent, and in the end lost', async () => {
    const { collector, run } = collectorOf(new Set([2]));
    await run(2_500);
    expect([...collector.conditions.values()]).toEqual(['alive', 'alive']);
    await run(1_000);
    expect(collector.conditions.get(2)).toBe('silent');
    await run(8_000);
    expect([...collector.conditions.values()]).toEqual(['alive', 'lost']);
    expect(collector.reports.map(({ node }) => node)).toEqual([1]);
  });

  test('is alive again with its next word', async () => {
    const silent = new Set([2]);
    const { collector, run } = collectorOf(silent);
    await run(5_000);
    silent.delete(2);
    await run(1_000);
    expect(collector.conditions.get(2)).toBe('alive');
    expect(collector.heard(2)?.report.node).toBe(2);
  });

  test('is not lost because who listens has paused', async () => {
    const { collector, run } = collectorOf(new Set([2]));
    await run(500);
    await run(60_000, 60_000);
    expect(collector.conditions.get(2)).toBe('alive');
  });

  test('gets the whole time again from who begins anew', async () => {
    const { collector, run } = collectorOf(new Set([2]));
    await run(20_000);
    collector.begin();
    await run(1_000);
    expect(collector.conditions.get(2)).toBe('alive');
    expect(collector.heard(2)).toBeUndefined();
  });
});

test('a node that is not watched any more is forgotten', async () => {
  const { collector, run } = collectorOf(new Set());
  await run(1_000);
  collector.ask([1], new AbortController().signal);
  expect(collector.heard(2)).toBeUndefined();
  expect([...collector.conditions.keys()]).toEqual([1]);
});
