import { expect, test } from 'vitest';
import { WriteGate } from './write-gate.ts';

const enough = {
  memoryBytes: 10,
  memoryLimitBytes: 20,
  diskFreeBytes: 100,
  diskFreeBytesMin: 50,
};

test('writes pass while there is enough, and again after there was not', () => {
  const gate = new WriteGate();
  gate.update({ ...enough, memoryBytes: 21 });
  expect(() => gate.pass()).toThrow(
    expect.objectContaining({ code: 'MEMORY_LIMIT', retryable: true }),
  );
  gate.update({ ...enough, diskFreeBytes: 49 });
  expect(() => gate.pass()).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  expect(gate.reason).toContain('49');
  gate.update(enough);
  gate.pass();
  expect(gate.reason).toBeUndefined();
});

test('a disk whose room cannot be told refuses nothing', () => {
  const gate = new WriteGate();
  gate.update({ ...enough, diskFreeBytes: undefined });
  gate.pass();
  expect(gate.reason).toBeUndefined();
});
