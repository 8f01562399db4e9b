import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import { fileError } from './file-error.ts';

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('a failure of the file system has a code, and a bug stays one', () => {
  expect(fileError(thrownBy(() => mkdirSync('/dev/null/x'))).code).toBe('STORAGE_FAILED');
  const full = Object.assign(new Error('ENOSPC: no space left'), {
    code: 'ENOSPC',
    syscall: 'write',
  });
  expect(fileError(full).code).toBe('DISK_FULL');
  const refused = new VectorDbError('NOT_FOUND', 'no');
  expect(fileError(refused)).toBe(refused);
  expect(fileError(new TypeError('x')).code).toBe('INTERNAL');
});
