import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MODULE = new URL('./compiled-sources.ts', import.meta.url).href;
/** Tells where a program and a thread of it keep what they have compiled. */
const PROGRAM = `
  import { getCompileCacheDir } from 'node:module';
  import { Worker } from 'node:worker_threads';
  import { keepCompiledSources } from ${JSON.stringify(MODULE)};
  keepCompiledSources();
  console.log(getCompileCacheDir());
  const told = "import { getCompileCacheDir } from 'node:module'; console.log(getCompileCacheDir())";
  new Worker(told, { eval: true });
`;

function folders(env: Readonly<Record<string, string>>): string[] {
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  const args = ['--input-type=module', '--eval', PROGRAM];
  const { stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...inherited, ...env },
  });
  return stdout.trim().split('\n');
}

test('what Node makes of the sources is kept beside the packages, by threads as well', () => {
  const [program, thread] = folders({});
  expect(program).toMatch(/\/node_modules\/\.cache\/grape-sources\//);
  expect(thread).toBe(program);
});

test('a folder that the environment names is used instead', () => {
  const [program, thread] = folders({ NODE_COMPILE_CACHE: '/tmp/grape-elsewhere' });
  expect(program).toMatch(/^\/tmp\/grape-elsewhere\//);
  expect(thread).toBe(program);
});
