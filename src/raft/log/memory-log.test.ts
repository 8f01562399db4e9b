import { describe, expect, test } from 'vitest';
import { describeLogStorage } from '../../../test/contracts/log-storage.contract.ts';
import { MemoryLog } from './memory-log.ts';

const data = new Uint8Array([1]);

describe('MemoryLog', () => {
  test('keeps a group through a reopening', async () => {
    const log = new MemoryLog();
    const entry = { term: 1, index: 1, kind: 'command', data } as const;
    await log.append([
      { group: 3, create: 8, hardState: { term: 1, vote: 8, commit: 0 }, entries: [entry] },
    ]);
    const found = log.reopen().group(3);
    expect(found).toMatchObject({ replica: 8, state: 'open', firstIndex: 1, lastIndex: 1 });
    expect(found?.entries(1, 2, 0)).toEqual([entry]);
    await expect(log.append([])).rejects.toThrow('closed');
  });

  test('a corrupt group takes nothing but its end', async () => {
    const log = new MemoryLog();
    await log.append([{ group: 3, create: 8 }]);
    log.corrupt(3, 'as if a sector was gone');
    await expect(
      log.append([{ group: 3, hardState: { term: 2, vote: 0, commit: 0 } }]),
    ).rejects.toThrow('as if a sector was gone');
    await log.append([{ group: 3, destroy: true }]);
    expect(log.group(3)).toMatchObject({ state: 'destroyed', replica: 8 });
  });
});

describeLogStorage('MemoryLog', async () => {
  let log = new MemoryLog();
  return {
    log,
    reopen: async () => (log = log.reopen()),
    remove: async () => {},
  };
});
