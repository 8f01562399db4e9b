import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { importStatePath, ImportState, sourceFiles, type ImportIdentity } from './import-state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grape-state-'));
});
afterEach(() => rm(folder, { recursive: true }));

const IDENTITY: ImportIdentity = {
  target: { url: 'host:1', collection: 'words', number: '7' },
  sources: [{ path: '/a', bytes: 5, modifiedMs: 1.5 }],
  ids: 'auto',
  vectorName: '',
};

describe('the state of an import', () => {
  test('comes back as it was saved, and leaves no other file behind', async () => {
    const state = new ImportState(join(folder, 's.json'));
    expect(await state.load(IDENTITY)).toBeUndefined();
    await state.save(IDENTITY, { row: 1, byte: 2 });
    await state.save(IDENTITY, { row: 300, byte: 4000 });
    expect(await state.load(IDENTITY)).toEqual({ row: 300, byte: 4000 });
    expect(await readdir(folder)).toEqual(['s.json']);
    await state.remove();
    await state.remove();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['another server', { target: { ...IDENTITY.target, url: 'host:2' } }],
    ['a collection made anew', { target: { ...IDENTITY.target, number: '8' } }],
    ['a file of another size', { sources: [{ path: '/a', bytes: 6, modifiedMs: 1.5 }] }],
    ['a file changed since', { sources: [{ path: '/a', bytes: 5, modifiedMs: 2 }] }],
    ['other ids', { ids: 'range' }],
    ['another vector', { vectorName: 'x' }],
  ])('is refused for %s', async (_name, change) => {
    const state = new ImportState(join(folder, 's.json'));
    await state.save(IDENTITY, { row: 1, byte: 2 });
    await expect(state.load({ ...IDENTITY, ...change })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      field: '--resume',
    });
  });

  test.each(['', '{}', 'null', '{"format":"grape-import","version":2}', '[1'])(
    'is refused where the file is none: %s',
    async (text) => {
      const state = new ImportState(join(folder, 's.json'));
      await writeFile(state.path, text);
      await expect(state.load(IDENTITY)).rejects.toThrow('is no state of an import');
    },
  );

  test('lies beside the source, or in the folder for states', async () => {
    const source = join(folder, 'set');
    const states = join(folder, 'states', 'deep');
    expect(await importStatePath(source, states, false)).toBe(`${source}.grape-progress.json`);
    const elsewhere = await importStatePath(source, states, true);
    expect(elsewhere).toMatch(/states\/deep\/[0-9a-f]{12}-set\.grape-progress\.json$/);
    expect(await importStatePath(join(folder, 'absent', 'x'), states, false)).toContain(states);
  });

  test('knows a file by path, size and time', async () => {
    const path = join(folder, 'f');
    await writeFile(path, 'abc');
    const [file] = await sourceFiles([path]);
    expect(file).toMatchObject({ path, bytes: 3 });
    await writeFile(path, 'abcd');
    expect(await sourceFiles([path])).not.toEqual([file]);
  });
});
