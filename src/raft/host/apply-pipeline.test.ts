import { expect, test } from 'vitest';
import type { Entry } from '../core/entry.ts';
import { ApplyPipeline } from './apply-pipeline.ts';

const entries = (from: number, to: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, at) => ({
    term: 1,
    index: from + at,
    kind: 'command',
    data: new Uint8Array(10),
  }));

/** A machine that applies two entries a step, when it is let. */
function applying() {
  const log: string[] = [];
  const errors: unknown[] = [];
  let release: (() => void) | undefined;
  const pipeline = new ApplyPipeline({
    apply: async (waiting) => {
      const step = waiting.slice(0, 2).map(({ index }) => index);
      log.push(`begin ${step.join(' ')}`);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      log.push(`end ${step.join(' ')}`);
      return step.length;
    },
    onError: (error) => errors.push(error),
  });
  const step = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    release?.();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { pipeline, log, errors, step };
}

test('entries are applied in order, one step after the other', async () => {
  const { pipeline, log, step } = applying();
  pipeline.push(entries(1, 3));
  expect(log).toEqual([]);
  pipeline.push(entries(4, 4));
  expect(pipeline.bytes).toBe(40);
  await step();
  expect(log).toEqual(['begin 1 2', 'end 1 2', 'begin 3 4']);
  expect(pipeline.bytes).toBe(20);
  await step();
  expect(pipeline.bytes).toBe(0);
  pipeline.push(entries(5, 5));
  await step();
  expect(log.at(-1)).toBe('end 5');
});

test('a task runs between two steps', async () => {
  const { pipeline, log, step } = applying();
  pipeline.push(entries(1, 4));
  await step();
  const task = pipeline.task(async () => {
    log.push('task');
    return 7;
  });
  await step();
  expect(log).toEqual(['begin 1 2', 'end 1 2', 'begin 3 4', 'end 3 4', 'task']);
  expect(await task).toBe(7);
});

test('a task may replace the state: what waits is forgotten, what comes later follows it', async () => {
  const { pipeline, log, step } = applying();
  pipeline.push(entries(1, 6));
  await step();
  void pipeline.task(async () => {
    pipeline.forget();
    pipeline.push(entries(9, 9));
    log.push('replaced');
  });
  await step();
  await step();
  expect(log.slice(2)).toEqual(['begin 3 4', 'end 3 4', 'replaced', 'begin 9', 'end 9']);
  expect(pipeline.bytes).toBe(0);
});

test("a task's error is its caller's", async () => {
  const { pipeline, errors, log, step } = applying();
  const task = pipeline.task(() => Promise.reject(new Error('no')));
  await expect(task).rejects.toThrow('no');
  pipeline.push(entries(1, 1));
  await step();
  expect(log).toEqual(['begin 1', 'end 1']);
  expect(errors).toEqual([]);
});

test('a state machine that fails is the end', async () => {
  const errors: unknown[] = [];
  let steps = 0;
  const pipeline = new ApplyPipeline({
    apply: () => {
      steps += 1;
      return Promise.reject(new Error('EIO'));
    },
    onError: (error) => errors.push(error),
  });
  pipeline.push(entries(1, 1));
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  pipeline.push(entries(2, 2));
  await expect(pipeline.task(() => Promise.resolve())).rejects.toMatchObject({
    code: 'SHUTTING_DOWN',
  });
  expect(errors).toEqual([new Error('EIO')]);
  expect(steps).toBe(1);
});

test('stopping waits for the step that is under way and begins no other', async () => {
  const { pipeline, log, step } = applying();
  pipeline.push(entries(1, 4));
  await Promise.resolve();
  await Promise.resolve();
  const task = pipeline.task(() => Promise.resolve());
  const stopped = pipeline.stop();
  await expect(task).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  await step();
  await stopped;
  expect(log).toEqual(['begin 1 2', 'end 1 2']);
});
