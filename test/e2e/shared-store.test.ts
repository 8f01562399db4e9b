import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { LevelStore } from '../../src/storage/level-store.ts';
import { smallDisk, takeRoom } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LEVEL = {
  compression: false,
  cacheBytes: 1 << 16,
  writeBufferBytes: 1 << 20,
  shared: true,
} as const;
const KEY = Uint8Array.of(1);
const ALL = { from: Uint8Array.of(0), to: Uint8Array.of(255) };

test('a store that cannot write any more is whole again once all threads have given it up', async () => {
  await using folder = await temporaryFolder();
  const mounted = smallDisk(folder.path, 24);
  if (typeof mounted === 'string') {
    process.stdout.write(`skipped: ${mounted}\n`);
    return;
  }
  using _disk = mounted;
  const path = `${folder.path}/store`;
  await using writer = await LevelStore.open({ ...LEVEL, path });
  await using reader = await LevelStore.open({ ...LEVEL, path });
  const put = (value: Uint8Array): Promise<void> =>
    writer.write([{ type: 'put', key: KEY, value }], { sync: true });
  const value = randomBytes(700_000);
  await put(value);
  const giveBack = takeRoom(folder.path, 0);
  // The log's content becomes a table, for which there is no room.
  await writer.compact(ALL);
  await expect(put(Uint8Array.of(2))).rejects.toMatchObject({ code: 'DISK_FULL' });
  giveBack();
  await expect(put(Uint8Array.of(2))).rejects.toMatchObject({ code: 'DISK_FULL' });
  await writer.reopen();
  await expect(put(Uint8Array.of(2))).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect(value.equals(reader.get(KEY) as Uint8Array)).toBe(true);
  await reader.release();
  expect(() => reader.get(KEY)).toThrow(expect.objectContaining({ code: 'SHUTTING_DOWN' }));
  await writer.reopen();
  await put(Uint8Array.of(3));
  await reader.resume();
  expect(reader.get(KEY)?.[0]).toBe(3);
});
