import { describe, expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { partition } from './partition.ts';
import { RandomStreams } from './random-streams.ts';
import { withoutRealMachine } from './real-machine-guard.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { CrashFate } from './simulated-inode.ts';
import { SimulatedProcess } from './simulated-process.ts';

const streams = new RandomStreams(7);

function drain(queue: EventQueue): void {
  while (queue.runNext());
}

describe('the event queue', () => {
  test('runs events by time, at one time in the order of scheduling, and no cancelled ones', () => {
    const queue = new EventQueue();
    const ran: string[] = [];
    queue.schedule(2, 'late', () => ran.push('late'));
    queue.schedule(1, 'first', () => ran.push('first'));
    queue.schedule(1, 'second', () => ran.push('second'));
    queue.schedule(1, 'never', () => ran.push('never')).cancel();
    drain(queue);
    expect(ran).toEqual(['first', 'second', 'late']);
    expect(queue.nowMs).toBe(2);
  });
});

describe('a process', () => {
  test('gets what it missed while it stood still, in order, and nothing after its end', () => {
    const queue = new EventQueue();
    const process = new SimulatedProcess(1, queue, () => undefined);
    const heard: number[] = [];
    process.schedule(1, 'one', () => heard.push(1));
    process.schedule(2, 'two', () => heard.push(2));
    process.pause();
    queue.schedule(3, 'resume', () => {
      process.resume();
      process.deliver('three', () => heard.push(3));
    });
    process.schedule(5, 'four', () => process.kill());
    process.schedule(6, 'five', () => heard.push(5));
    drain(queue);
    expect(heard).toEqual([1, 2, 3]);
  });
});

describe('a clock', () => {
  test('that is fast fires its timers early in true time, and never goes back', () => {
    const queue = new EventQueue();
    const clock = new SimulatedClock(queue, 1.05, 1000);
    const seen = clock.seenBy(new SimulatedProcess(1, queue, () => undefined));
    seen.after(105, () => undefined);
    drain(queue);
    expect(queue.nowMs).toBeCloseTo(100, 1);
    const before = seen.monotonicMs();
    clock.jump(500, -5000);
    expect(seen.monotonicMs()).toBeCloseTo(before + 500, 5);
  });
});

describe('a disk', () => {
  /** A file with four synced bytes and four that are not, after a crash. */
  async function afterCrash(fate: CrashFate): Promise<string> {
    const queue = new EventQueue();
    const options = { writeMeanMs: 1, syncMeanMs: 1, fates: [fate] };
    const disk = new SimulatedDisk(queue, streams.stream(fate), options);
    const process = new SimulatedProcess(1, queue, () => undefined);
    const done = async <T>(promise: Promise<T>): Promise<T> => {
      drain(queue);
      return promise;
    };
    const files = disk.mount(process);
    await done(files.makeFolder('a'));
    const file = await done(files.open('a/file', 'create'));
    await done(file.write(0, Buffer.from('kept')));
    await done(file.sync());
    await done(files.syncFolder('a'));
    await done(file.write(4, Buffer.from('lost')));
    process.kill();
    disk.crash();
    const next = disk.mount(new SimulatedProcess(1, queue, () => undefined));
    const found = await done(next.open('a/file', 'existing'));
    return Buffer.from(found.read(0, 100)).toString();
  }

  test('keeps at a crash what was synced, and what it must not keep is lost', async () => {
    expect(await afterCrash('lost')).toBe('kept');
    expect(await afterCrash('kept')).toBe('keptlost');
    expect(await afterCrash('prefix')).toMatch(/^kept(l|lo|los|lost)?$/);
  });

  test('forgets a file whose folder was not synced', async () => {
    const queue = new EventQueue();
    const options = { writeMeanMs: 1, syncMeanMs: 1, fates: ['lost'] as const };
    const disk = new SimulatedDisk(queue, streams.stream('folder'), options);
    const files = disk.mount(new SimulatedProcess(1, queue, () => undefined));
    const open = files.open('a/file', 'create');
    drain(queue);
    const file = await open;
    const sync = file.sync();
    drain(queue);
    await sync;
    disk.crash();
    expect(disk.usage.files).toBe(0);
  });
});

describe('partitions', () => {
  test('cut the chosen node off in both directions, or in one', () => {
    const random = streams.stream('partition');
    const nodes = [1, 2, 3];
    const both = partition('isolate', nodes, 2, false, random);
    expect([...both].toSorted()).toEqual(['1>2', '2>1', '2>3', '3>2']);
    expect(partition('isolate', nodes, 2, true, random).size).toBe(2);
  });
});

describe('the guard of the real machine', () => {
  test('refuses time and randomness, and gives them back', async () => {
    const refused = withoutRealMachine(async () => Date.now());
    await expect(refused).rejects.toThrow(/Date|now/);
    expect(Date.now()).toBeGreaterThan(0);
  });
});
