import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { MUTANTS } from './mutant-table.ts';

const ROOT = join(import.meta.dirname, '../../..');

test.each(MUTANTS)(
  '$name fits its file in one place, and changes it',
  ({ file, find, replace }) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(text.split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  },
);

test('every mutant has its own name', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

// Few, and such that show at once; `npm run simulate:mutants` hunts them all.
const SAMPLE = ['vote-before-durable', 'commit-of-older-term', 'retry-applied-twice'];

test('simulations find bugs that are put in, and none where there are none', async () => {
  const script = join(ROOT, 'scripts/simulate-mutants.ts');
  const options = ['--only', SAMPLE.join(), '--seeds', '4', '--steps', '8000', '--workers', '1'];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...options]);
  for (const name of SAMPLE) expect(stdout).toContain(name);
  expect(stdout.match(/all is well/g)).toHaveLength(2);
  expect(stdout).not.toContain('SURVIVED');
});
