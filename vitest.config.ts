import { defineConfig } from 'vitest/config';

/**
 * Bounds are there for what never ends, not for what takes its time: a machine may be slow, and have other things to do. Polling included, whose own bound is
 * a second otherwise.
 */
const UNIT_MS_MAX = 60_000;
const SERVER_MS_MAX = 400_000;
const POLL_MS_MAX = 30_000;

/** One project per kind of test: what it needs tells where it belongs. */
export default defineConfig({
  test: {
    reporters: ['default'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          setupFiles: ['test/support/fuzz-seed.ts'],
          testTimeout: UNIT_MS_MAX,
          hookTimeout: UNIT_MS_MAX,
          expect: { poll: { timeout: POLL_MS_MAX } },
        },
      },
      {
        test: {
          name: 'tidy',
          include: ['test/tidy/**/*.test.ts'],
          testTimeout: UNIT_MS_MAX,
          hookTimeout: UNIT_MS_MAX,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts', 'test/scenarios/**/*.test.ts'],
          setupFiles: ['test/support/fuzz-seed.ts'],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: SERVER_MS_MAX,
          hookTimeout: SERVER_MS_MAX,
          expect: { poll: { timeout: POLL_MS_MAX } },
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          testTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
