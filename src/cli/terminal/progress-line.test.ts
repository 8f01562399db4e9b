import { describe, expect, test } from 'vitest';

import type { Clock } from '../../base/clock.ts';
import { groupedInteger, readableBytes, readableSeconds } from './figures.ts';
import { ProgressLine } from './progress-line.ts';

interface Scene {
  text: string;
  now: number;
  readonly progress: ProgressLine;
}

function scene(columns: number | undefined, total: number | undefined, start = 0): Scene {
  const state = { text: '', now: 0 };
  const clock: Clock = {
    monotonicMs: () => state.now,
    wallMs: () => state.now,
    after: () => ({ cancel: () => {} }),
  };
  const output = {
    columns,
    async write(text: string) {
      state.text += text;
    },
  };
  const progress = new ProgressLine({ output, clock, noun: 'points', total, start });
  return Object.assign(state, { progress });
}

describe('progress', () => {
  test('is a line every five seconds where there is no terminal', async () => {
    const at = scene(undefined, 20_000, 4_000);
    for (let second = 1; second <= 11; second += 1) {
      at.now = 1000 * second;
      await at.progress.update(4_000 + 1000 * second);
    }
    expect(at.text).toBe(
      ' 45%  9,000/20,000 points  1,000/s  11 s left\n' +
        ' 70%  14,000/20,000 points  1,000/s  6.0 s left\n',
    );
  });

  test('is drawn over again on a terminal, ten times a second at most, and taken away', async () => {
    const at = scene(80, 100);
    at.now = 50;
    await at.progress.update(1);
    expect(at.text).toBe('');
    at.now = 1000;
    await at.progress.update(50);
    expect(at.text).toBe(
      `\r\x1b[2K${'█'.repeat(12)}${'░'.repeat(12)}  50%  50/100 points  50/s  1.0 s left`,
    );
    at.text = '';
    await at.progress.note('hm');
    await at.progress.clear();
    expect(at.text).toBe('\r\x1b[2Khm\n');
  });

  test('is cut to the terminal, and tells no end where there is none', async () => {
    const narrow = scene(20, 100);
    narrow.now = 1000;
    await narrow.progress.update(50);
    expect(narrow.text.replace('\r\x1b[2K', '')).toHaveLength(19);
    const open = scene(undefined, undefined);
    open.now = 5000;
    await open.progress.update(50);
    expect(open.text).toBe('50 points  10/s\n');
    const stuck = scene(undefined, 10);
    stuck.now = 5000;
    await stuck.progress.update(0);
    expect(stuck.text).toBe('  0%  0/10 points  0/s  unknown left\n');
  });
});

test('figures are readable', () => {
  expect([0, 999, 1000, 1234567].map(groupedInteger)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([0.44, 12.4, 59.9, 185, 7_860].map(readableSeconds)).toEqual([
    '0.4 s',
    '12 s',
    '1 min 00 s',
    '3 min 05 s',
    '2 h 11 min',
  ]);
  expect([5, 1536, 30 * 2 ** 20].map(readableBytes)).toEqual(['5 B', '1.5 KiB', '30 MiB']);
});
