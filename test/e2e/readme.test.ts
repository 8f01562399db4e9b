import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startServer, temporaryFolder } from '../support/server-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** Blocks of one language, in order. Blocks marked `bash` install or serve: continuous integration runs them from a bare checkout. */
function blocks(readme: string, language: string): string[] {
  const found = readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'));
  return Array.from(found, (match) => match[1] as string);
}

describe('the README', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  let server: ServerProcess;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder('grape-readme');
    server = await startServer({ dataDir: join(folder.path, 'data') });
  });
  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  /** Runs a block in the checkout, against this test's server. */
  async function shell(block: string): Promise<string> {
    const script = block
      .replaceAll('npx grape', `${JSON.stringify(process.execPath)} src/cli/main.ts`)
      .replaceAll('localhost:6333', server.restUrl.replace('http://', ''))
      .replaceAll(/^curl /gm, 'curl --silent --show-error --fail-with-body ');
    const env = {
      ...process.env,
      GRAPE_URL: server.grpcAddress,
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
    };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: ROOT, env });
    return stdout;
  }

  const shellBlocks = blocks(readme, 'sh');

  test('has at most 120 lines, and shell blocks', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
    expect(shellBlocks.length).toBe(3);
    expect(blocks(readme, 'bash')).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n']);
  });

  test('imports the sample and finds neighbours', async () => {
    const output = await shell(shellBlocks[0] as string);
    expect(output).toContain('noun.food');
    expect(
      output.split('\n').filter((line) => /^ +[1-5] /.test(line)).length,
    ).toBeGreaterThanOrEqual(10);
  });

  test('talks to the server with curl and gets the answer that it shows', async () => {
    const output = await shell(shellBlocks[1] as string);
    expect(output).toContain(
      '{"results":[{"id":"red","score":0.22360681,"payload":{"warm": true}},{"id":"orange"',
    );
    expect(readme).toContain(
      '{"results":[{"id":"red","score":0.22360681,"payload":{"warm": true}},{"id":"orange"',
    );
  });

  test('checks settings', async () => {
    expect(await shell(shellBlocks[2] as string)).toContain('the settings are right');
  });

  test('embeds a database', async () => {
    const [example] = blocks(readme, 'ts');
    const place = await temporaryFolder('grape-example');
    await cp(join(ROOT, 'package.json'), join(place.path, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(place.path, 'node_modules'));
    const source = (example as string).replace(
      "'grape-vector-db'",
      JSON.stringify(join(ROOT, 'src/index.ts')),
    );
    await writeFile(join(place.path, 'example.ts'), source);
    const { stdout } = await run(process.execPath, ['example.ts'], { cwd: place.path });
    expect(stdout).toBe('red { warm: true }\n');
    await place[Symbol.asyncDispose]();
  });
});
