import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { restCall } from '../support/crash/change-writer.ts';
import { type ServerProcess, startServer, temporaryFolder } from '../support/server-process.ts';

/** Code that every thread runs before its own: what it breaks is broken once the file is there. */
function preload(source: string): Readonly<Record<string, string>> {
  const text = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { isMainThread, workerData } from 'node:worker_threads';
    const isBroken = () => fs.existsSync(process.env.BREAK_FILE);
    ${source}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(text)}` };
}

/** A server whose thread breaks when `break` is called. */
async function breakable(
  folder: string,
  source: string,
): Promise<{ readonly server: ServerProcess; readonly breakIt: () => void }> {
  const file = join(folder, 'break');
  const server = await startServer({
    dataDir: join(folder, 'data'),
    flags: ['--vector.dimension=2'],
    env: { ...preload(source), BREAK_FILE: file },
  });
  return { server, breakIt: () => writeFileSync(file, '') };
}

const write = (server: ServerProcess, id: number): Promise<unknown> =>
  restCall(server.restUrl, '/vectors', { id, vector: [1, id] });

const ENDS_BY_ITSELF = `
  if (!isMainThread && WHICH) {
    setInterval(() => { if (isBroken()) throw new Error('broken for a test'); }, 10).unref();
  }`;

test.each([
  ['apply', 'workerData?.indexFolder'],
  ['search', 'workerData?.lane === 0 && workerData.shards && !workerData.indexFolder'],
])('a server whose %s thread ends says so and ends, and nothing is lost', async (_, which) => {
  await using folder = await temporaryFolder('grape-thread');
  const { server, breakIt } = await breakable(
    folder.path,
    ENDS_BY_ITSELF.replace('WHICH', `(${which})`),
  );
  await write(server, 1);
  const readers = Array.from({ length: 4 }, () => readUntilEnded(server));
  breakIt();
  expect(await server.ended).toBe(1);
  expect(server.output.at(-1)).toContain('broken for a test');
  // Whoever reads meanwhile may try again, and is told so.
  const refused = (await Promise.all(readers)).flat();
  for (const message of refused) expect(message).toContain('"retryable":true');
  await using again = await started(folder.path);
  expect(await countOf(again.server)).toBe(1);
});

test('a bug in the middle of a write ends the server, and nothing is lost', async () => {
  await using folder = await temporaryFolder('grape-thread');
  const { server, breakIt } = await breakable(
    folder.path,
    `const original = fs.statfsSync;
    fs.statfsSync = (...given) => {
      if (!isMainThread && isBroken()) throw new TypeError('broken for a test');
      return original(...given);
    };
    syncBuiltinESMExports();`,
  );
  await write(server, 1);
  breakIt();
  await expect(write(server, 2)).rejects.toBeInstanceOf(Error);
  expect(await server.ended).toBe(1);
  expect(server.output.at(-1)).toContain('broken for a test');
  await using again = await started(folder.path);
  expect(await countOf(again.server)).toBe(1);
});

async function started(folder: string): Promise<AsyncDisposable & { server: ServerProcess }> {
  const server = await startServer({
    dataDir: join(folder, 'data'),
    flags: ['--vector.dimension=2'],
  });
  return { server, [Symbol.asyncDispose]: async () => void (await server.stop()) };
}

/** What the server answered that was no answer. */
async function readUntilEnded(server: ServerProcess): Promise<string[]> {
  const refused: string[] = [];
  const over = new AbortController();
  void server.ended.then(() => over.abort());
  while (!over.signal.aborted) {
    await countOf(server).catch((error: unknown) => {
      // What is cut off says nothing.
      if (error instanceof Error && error.message.includes('"error"')) refused.push(error.message);
    });
  }
  return refused;
}

async function countOf({ restUrl }: ServerProcess): Promise<number> {
  const { count } = await restCall<{ count: number }>(restUrl, '/vectors/count', {});
  return count;
}
