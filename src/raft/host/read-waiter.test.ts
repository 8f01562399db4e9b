import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { ReadWaiter } from './read-waiter.ts';

function waiter() {
  const state = {
    asked: [] as number[],
    refusal: undefined as VectorDbError | undefined,
    applied: 0,
    wakes: 0,
  };
  const reads = new ReadWaiter({
    group: 1,
    firstContext: 100,
    ask: (context) => {
      state.asked.push(context);
      return state.refusal;
    },
    appliedIndex: () => state.applied,
    wake: () => {
      state.wakes += 1;
    },
    readersMax: 100,
    readRetryTicks: 2,
    readWaitTicks: 5,
  });
  return { reads, state };
}

describe('readers', () => {
  test('of one turn share a question, those of the next have their own', async () => {
    const { reads, state } = waiter();
    const first = [reads.wait(), reads.wait()];
    expect(state.wakes).toBe(2);
    reads.ask();
    const second = reads.wait();
    reads.ask();
    expect(state.asked).toEqual([101, 102]);
    state.applied = 7;
    reads.answer({ context: 101, index: 7 });
    expect(await Promise.all(first)).toEqual([7, 7]);
    expect(reads.size).toBe(1);
    reads.answer({ context: 102, index: 7 });
    expect(await second).toBe(7);
  });

  test('wait until the confirmed index is applied', async () => {
    const { reads, state } = waiter();
    let isDone = false;
    const read = reads.wait().then((index) => {
      isDone = true;
      return index;
    });
    reads.ask();
    state.applied = 6;
    reads.answer({ context: 101, index: 7 });
    await Promise.resolve();
    expect(isDone).toBe(false);
    state.applied = 9;
    reads.applied();
    expect(await read).toBe(9);
  });

  test('are asked for again under a new number, and a late answer to the old one counts for nothing', async () => {
    const { reads, state } = waiter();
    const read = reads.wait();
    reads.ask();
    reads.tick();
    reads.tick();
    reads.ask();
    expect(state.asked).toEqual([101, 102]);
    state.applied = 9;
    reads.answer({ context: 101, index: 5 });
    expect(reads.size).toBe(1);
    reads.answer({ context: 102, index: 9 });
    expect(await read).toBe(9);
  });

  test('are refused as the core refuses', async () => {
    const { reads, state } = waiter();
    state.refusal = new VectorDbError('NOT_LEADER', 'nobody leads');
    const read = reads.wait();
    reads.ask();
    await expect(read).rejects.toMatchObject({ code: 'NOT_LEADER' });
    expect(reads.size).toBe(0);
  });

  test('do not wait for ever, asked for or not, confirmed or not', async () => {
    const { reads, state } = waiter();
    const confirmed = reads.wait();
    reads.ask();
    reads.answer({ context: 101, index: 7 });
    const unanswered = reads.wait();
    const ends = [confirmed, unanswered].map((read) =>
      expect(read).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' }),
    );
    for (let tick = 0; tick < 5; tick += 1) {
      reads.ask();
      reads.tick();
    }
    await Promise.all(ends);
    state.applied = 7;
    reads.applied();
    reads.ask();
    reads.tick();
    expect(reads.size).toBe(0);
  });

  test('who gave up are not asked for', async () => {
    const { reads, state } = waiter();
    const controller = new AbortController();
    const read = reads.wait(controller.signal);
    controller.abort();
    reads.ask();
    expect(state.asked).toEqual([]);
    await expect(read).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const late = reads.wait(controller.signal);
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('are no more than allowed, and who has ended makes room', async () => {
    const { reads } = waiter();
    const controller = new AbortController();
    const all = Array.from({ length: 100 }, () => reads.wait(controller.signal));
    const ended = all.map((read) =>
      expect(read).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' }),
    );
    await expect(reads.wait()).rejects.toMatchObject({ code: 'OVERLOADED' });
    reads.ask();
    controller.abort();
    await Promise.all(ended);
    expect(reads.size).toBe(0);
    const next = reads.wait();
    reads.ask();
    reads.answer({ context: 102, index: 0 });
    expect(await next).toBe(0);
  });

  test('are told when the node ends', async () => {
    const { reads } = waiter();
    const read = reads.wait();
    reads.close(new VectorDbError('SHUTTING_DOWN', 'it ends'));
    await expect(read).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(reads.size).toBe(0);
  });
});
