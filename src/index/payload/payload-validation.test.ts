import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkPayload } from './payload-validation.ts';

const limits = { depthMax: 4, bytesMax: 200 };
const check = (text: string | Uint8Array): void =>
  checkPayload(typeof text === 'string' ? Buffer.from(text) : text, limits, 'points[0].payload');

test.each([
  '',
  '{}',
  ' {"a":[{"b":[1]}]} ',
  '{"a:b":"x:{[\\":"}',
  '{"a":"\\ud83d\\ude00"}',
  '{"a":"\ufffd"}',
  '{"a":{"b":1},"b":{"a":1}}',
])('%s is a payload', (text) => {
  expect(() => check(text)).not.toThrow();
});

test.each([
  ['[]', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['1', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['null', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{"a":1}x', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{"a":01}', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{"a":1e999}', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{"a":"\\ud800"}', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{"\\udc00":1}', 'INVALID_ARGUMENT', 'points[0].payload'],
  ['{"a":1,"a":2}', 'INVALID_ARGUMENT', 'points[0].payload.a'],
  ['{"a":1,"\\u0061":2}', 'INVALID_ARGUMENT', 'points[0].payload.a'],
  ['{"b":[{},{"c":{"d.e":1,"d.e":2}}]}', 'INVALID_ARGUMENT', 'points[0].payload.b[1].c."d.e"'],
  ['{"a":[[[[]]]]}', 'LIMIT_EXCEEDED', 'points[0].payload'],
  ['['.repeat(150), 'LIMIT_EXCEEDED', 'points[0].payload'],
  [`{"a":"${'x'.repeat(200)}"}`, 'LIMIT_EXCEEDED', 'points[0].payload'],
])('%s is refused with %s at %s', (text, code, field) => {
  expect(() => check(text)).toThrow(expect.objectContaining({ code, field }));
});

test('bytes that are not UTF-8 are refused', () => {
  const bytes = Buffer.from('{"a":"x"}');
  bytes[6] = 0xff;
  expect(() => check(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('every object that JSON can write is accepted, and no text crashes the check', () => {
  const wide = { depthMax: 100, bytesMax: 1e6 };
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      checkPayload(Buffer.from(JSON.stringify(value)), wide, 'payload');
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        checkPayload(bytes, wide, 'payload');
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
    }),
  );
});
