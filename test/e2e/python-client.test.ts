import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startServer, temporaryFolder } from '../support/server-process.ts';

const run = promisify(execFile);
const SAMPLE = fileURLToPath(new URL('../../samples/python_client.py', import.meta.url));
const hasPython = await run('python3', ['-c', 'import requests']).then(
  () => true,
  () => false,
);

test.skipIf(!hasPython)(
  'a Python program writes and searches through a node that is there, past one that is not (needs python3 with requests)',
  async () => {
    await using folder = await temporaryFolder('grape-python');
    const server = await startServer({ dataDir: folder.path });
    try {
      const nobody = 'http://127.0.0.1:9';
      const { stdout } = await run('python3', [SAMPLE, nobody, server.restUrl], {
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_PROXY: '127.0.0.1' },
      });
      expect(stdout.trimEnd().split('\n')).toEqual([
        "{'status': 'applied', 'changed': 1}",
        "python_doc_1 1.0 {'language': 'python'}",
      ]);
    } finally {
      expect(await server.stop()).toBe(0);
    }
  },
);
