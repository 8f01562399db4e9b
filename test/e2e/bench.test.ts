import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../support/server-process.ts';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const run = promisify(execFile);

test('the recall benchmark reaches its bound over both interfaces and keeps its table and picture', async () => {
  await using folder = await temporaryFolder('grape-bench-test');
  const flags = ['recall', '--quick', '--sample', '--out', folder.path];
  const { stdout } = await run(process.execPath, [MAIN, ...flags]);
  expect(stdout).toContain('only the sample of 1,000 rows');
  const kept = JSON.parse(await readFile(join(folder.path, 'recall.json'), 'utf8')) as {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number)[])[];
  };
  expect(kept.columns.slice(0, 4)).toEqual(['engine', 'ef', 'REST', 'gRPC']);
  const judged = kept.rows.filter((row) => row[1] === 200);
  expect(judged.map(([engine]) => engine)).toEqual(['binary', 'int8', 'float16', 'none']);
  for (const row of judged) {
    expect(Math.min(Number(row[2]), Number(row[3])), String(row[0])).toBeGreaterThanOrEqual(0.95);
  }
  expect(await readFile(join(folder.path, 'recall.svg'), 'utf8')).toMatch(/^<svg /);
});

test('a benchmark that there is not is refused with the list of those there are', async () => {
  await expect(run(process.execPath, [MAIN, 'nothing'])).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringContaining('recall@10 of every engine') as string,
    stderr: expect.stringContaining('there is no benchmark "nothing"') as string,
  });
});
