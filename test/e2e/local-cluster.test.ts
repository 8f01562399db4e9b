import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePortOffset } from '../support/cluster-process/free-port-offset.ts';
import { restCall } from '../support/crash/change-writer.ts';
import { temporaryFolder } from '../support/server-process.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/cluster.ts', import.meta.url));
const NODES = 3;
const PORT_OFFSET = await freePortOffset(NODES);
const WAIT_MS_MAX = 120_000;

const restUrl = (number: number): string =>
  `http://127.0.0.1:${6333 + PORT_OFFSET + (number - 1) * 10}`;

interface RunningScript extends AsyncDisposable {
  readonly lines: readonly string[];
  readonly ended: Promise<number | string>;
  send(signal: NodeJS.Signals): void;
}

/** `npm run cluster` as its own process; `flags` come after the double dash. */
function startScript(options: readonly string[], flags: readonly string[] = []): RunningScript {
  const child = spawn(process.execPath, [SCRIPT, ...options, '--', ...flags], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return {
    lines,
    ended,
    send: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      // The first asks the nodes to end, the second ends them.
      child.kill('SIGTERM');
      child.kill('SIGINT');
      await ended;
    },
  };
}

async function said(script: RunningScript, pattern: RegExp): Promise<void> {
  await expect
    .poll(() => script.lines.some((line) => pattern.test(line)), {
      timeout: WAIT_MS_MAX,
      interval: 100,
      message: `${pattern} in:\n${script.lines.slice(-30).join('\n')}`,
    })
    .toBe(true);
}

function pidOf(script: RunningScript, node: string): number {
  const row = script.lines.find((line) => line.startsWith(`${node} `) && line.includes('http://'));
  return Number(row?.trim().split(/\s+/)[5]);
}

const FLAGS = ['--server.worker_threads=1', '--vector.dimension=2'];

test('nodes of one machine are a cluster, go on without one of them, end in order and come back with their data', async () => {
  await using folder = await temporaryFolder('grape-local-cluster');
  const options = [`--data=${folder.path}`, `--port-offset=${PORT_OFFSET}`];
  {
    await using script = startScript(options, FLAGS);
    await said(script, /^ready: all 3 nodes/);
    await restCall(restUrl(1), '/vectors', { id: 'one', vector: [1, 2] });
    const search = { vector: [1, 2], limit: 1 };
    expect(await restCall(restUrl(3), '/vectors/search', search)).toMatchObject({
      results: [{ id: 'one' }],
    });
    process.kill(pidOf(script, 'node-2'), 'SIGKILL');
    await said(script, /^node-2 \| ENDED BY ITSELF \(signal SIGKILL\)/);
    script.send('SIGINT');
    expect(await script.ended).toBe(0);
    const ends = script.lines.filter((line) => /\| ended/.test(line));
    expect(ends).toEqual(['node-3 | ended (exit code 0)', 'node-1 | ended (exit code 0)']);
  }
  await using again = startScript(options, FLAGS);
  await said(again, /^ready: all 3 nodes/);
  await expect
    .poll(() => restCall(restUrl(2), '/vectors/search', { vector: [1, 2], limit: 1 }), {
      timeout: WAIT_MS_MAX,
    })
    .toMatchObject({ results: [{ id: 'one' }] });
});

test('all nodes that cannot start end the script, and say why', async () => {
  await using folder = await temporaryFolder('grape-local-cluster');
  const options = [`--data=${folder.path}`, `--port-offset=${PORT_OFFSET}`, '--nodes=2'];
  await using script = startScript(options, ['--server.log_levle=info']);
  expect(await script.ended).toBe(1);
  const text = script.lines.join('\n');
  expect(text).toMatch(/node-1 \| .*log_levle/);
  expect(text).toContain('node-2 | ENDED BY ITSELF (exit code 2)');
  expect(text).toContain('no node is left');
});

test.each(['--nodes=0', '--nodes=10', '--port-offset=x', '--nodse=2'])(
  'refuses %s with its usage',
  async (option) => {
    await using script = startScript([option]);
    expect(await script.ended).toBe(2);
    expect(script.lines.join('\n')).toContain('npm run cluster -- [options]');
  },
);
