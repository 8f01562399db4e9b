import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { generateGrpcTypes, messageTypes } from '../../../scripts/generate-grpc-types.ts';

describe('the types of messages', () => {
  test('are those that the proto file defines', async () => {
    for (const { path, content } of await generateGrpcTypes()) {
      const file = await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
      expect(file).toBe(content);
    }
  });

  test('are not made from a line that is not understood', () => {
    expect(() => messageTypes('message A {\nmessage B {}\nstring a = one;\n}')).toThrow(/one/);
  });
});
