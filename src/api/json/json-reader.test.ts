import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { JsonReader } from './json-reader.ts';
import type { ReadPlan } from './read-plan.ts';

const limits = {
  bodyDepthMax: 12,
  payloadDepthMax: 4,
  payloadBytesMax: 200,
  dimensionMax: 5000,
};
const reader = new JsonReader({ limits });
const VALUE: ReadPlan = { kind: 'value' };
const POINT: ReadPlan = {
  kind: 'object',
  properties: new Map<string, ReadPlan>([
    ['id', { kind: 'id' }],
    ['vector', { kind: 'vector' }],
    ['payload', { kind: 'payload' }],
    ['vectors', { kind: 'object', properties: new Map(), rest: { kind: 'vector' } }],
  ]),
  rest: VALUE,
};
const POINTS: ReadPlan = {
  kind: 'object',
  properties: new Map<string, ReadPlan>([['points', { kind: 'array', items: POINT }]]),
  rest: VALUE,
};

const read = (text: string, plan: ReadPlan = VALUE): unknown =>
  reader.read(Buffer.from(text), plan);

function refused(text: string | Buffer, plan: ReadPlan = VALUE): VectorDbError {
  try {
    reader.read(Buffer.from(text as string), plan);
  } catch (error) {
    if (error instanceof VectorDbError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text.toString()}`);
}

const vectorOf = (text: string): Float32Array =>
  (read(`{"vector":${text}}`, POINT) as { vector: Float32Array }).vector;

describe('plain values', () => {
  test('any JSON value is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, 3), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        const asNumber = (_: string, part: unknown): unknown =>
          typeof part === 'bigint' ? Number(part) : part;
        expect(JSON.stringify(read(text), asNumber)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('what is not JSON is refused, and nothing else is', () => {
    const soup = fc
      .array(fc.constantFrom(...'{}[]:,"\\ntrue0123.eE+- \t\u0001éu00d8'.split(''), 'null'), {
        maxLength: 14,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, (text) => {
        let expected = true;
        try {
          const value: unknown = JSON.parse(text);
          if (typeof value === 'string' && !value.isWellFormed()) return;
        } catch {
          expected = false;
        }
        let accepted = true;
        try {
          read(text);
        } catch (error) {
          accepted = false;
          // A key twice is refused here and not there, and so is 9e999.
          if (expected && /twice|beyond/.test(String(error))) return;
          expect((error as VectorDbError).code).toBe('MALFORMED_BODY');
        }
        expect(accepted).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('integers beyond 2^53 keep their digits, other numbers are doubles', () => {
    expect(read('[9007199254740993, -18446744073709551616, 9007199254740991, 1.5, -0]')).toEqual([
      9007199254740993n,
      -18446744073709551616n,
      9007199254740991,
      1.5,
      -0,
    ]);
  });

  test.each([
    ['', 'body', 'empty'],
    ['{"a":1}x', 'body', 'follows'],
    ['{"a":1,"a":2}', 'a', 'twice'],
    ['{"a":{"b":1,"\\u0062":2}}', 'a.b', 'twice'],
    ['{"a":[1,2,]}', 'a[2]', 'JSON value'],
    ['{"a":01}', 'a', 'leading zero'],
    ['{"a":1.}', 'a', 'digit'],
    ['{"a":1e999}', 'a', 'range'],
    ['{"a":"\\x"}', 'a', 'escape'],
    ['{"a":"\\ud800"}', 'a', 'surrogate'],
    ['{"a":"\\ud800\\u0041"}', 'a', 'surrogate'],
    ['{"a":"\u0001"}', 'a', 'control'],
    ['{"a":"b', 'a', 'does not end'],
    ['{"a":tru}', 'a', 'JSON value'],
    ['{"a" 1}', 'a', 'colon'],
    ['{a:1}', 'body', 'key'],
    ['['.repeat(13) + ']'.repeat(13), '[0]'.repeat(12), 'deeply'],
  ])('%s is malformed at %s', (text, field, problem) => {
    const error = refused(text);
    expect(error.code).toBe('MALFORMED_BODY');
    expect(error.field).toBe(field);
    expect(error.message).toContain(problem);
  });

  test('bytes that are not UTF-8 are refused with their position', () => {
    const error = refused(
      Buffer.concat([Buffer.from('{"é":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    );
    expect(error.code).toBe('MALFORMED_BODY');
    expect(error.message).toContain('byte 7');
  });

  test('a key named __proto__ is a key like any other', () => {
    const value = read('{"__proto__":{"x":1}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBeNull();
  });
});

describe('vectors', () => {
  test('every number becomes the float32 of its double', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }).map(String),
      fc.double({ noNaN: true, min: -1, max: 1 }).map(String),
      fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
      fc.stringMatching(/^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,30})?([eE][+-]?[0-3]?[0-9])?$/),
    );
    const space = fc.constantFrom('', ' ', '\n', '\t\r ');
    fc.assert(
      fc.property(fc.array(fc.tuple(number, space), { minLength: 1, maxLength: 40 }), (parts) => {
        const numbers = parts
          .map(([text]) => text)
          .filter((text) => Math.abs(Number(text)) < 3.4e38);
        fc.pre(numbers.length > 0);
        const blank = (parts[0] as [string, string])[1];
        const text = `[${blank}${numbers.join(`${blank},${blank}`)}${blank}]`;
        expect(vectorOf(text)).toEqual(Float32Array.from(numbers.map(Number)));
      }),
      { numRuns: 2000 },
    );
  });

  test('a long mantissa beside the middle of two float32s is rounded by its last digit', () => {
    // 1 + 2^-24 lies in the middle of 1 and the next float32; JSON texts are read as doubles first.
    const middle = '1.000000059604644775390625';
    for (const text of [
      middle,
      `${middle}1`,
      middle.slice(0, -1),
      '1.00000005960464478',
      '16777217.0000000001',
    ]) {
      expect(vectorOf(`[${text}]`)[0]).toBe(Math.fround(Number(text)));
    }
  });

  test('more numbers than the first memory holds are all there', () => {
    const values = Array.from({ length: 4999 }, (_, index) => index / 8);
    expect(vectorOf(JSON.stringify(values))).toEqual(Float32Array.from(values));
  });

  test.each([
    ['[1,"2"]', 'INVALID_VECTOR', 'vector[1]'],
    ['[1,null]', 'INVALID_VECTOR', 'vector[1]'],
    ['[NaN]', 'INVALID_VECTOR', 'vector[0]'],
    ['[-Infinity]', 'INVALID_VECTOR', 'vector[0]'],
    ['[[1]]', 'INVALID_VECTOR', 'vector[0]'],
    ['[1,2,1e39]', 'INVALID_VECTOR', 'vector[2]'],
    ['[3.4028236e38]', 'INVALID_VECTOR', 'vector[0]'],
    ['[-999999999999999999999999999999999999999999.5]', 'INVALID_VECTOR', 'vector[0]'],
    ['[]', 'INVALID_VECTOR', 'vector'],
    ['[1,,2]', 'MALFORMED_BODY', 'vector[1]'],
    ['[1,]', 'MALFORMED_BODY', 'vector[1]'],
    ['[1 2]', 'MALFORMED_BODY', 'vector[0]'],
    ['[01]', 'MALFORMED_BODY', 'vector[0]'],
    ['[1.]', 'MALFORMED_BODY', 'vector[0]'],
    ['[1e]', 'MALFORMED_BODY', 'vector[0]'],
    ['[.5]', 'INVALID_VECTOR', 'vector[0]'],
    ['[1', 'MALFORMED_BODY', 'vector[0]'],
    ['"abc"', 'INVALID_ARGUMENT', 'vector'],
    ['null', 'INVALID_ARGUMENT', 'vector'],
    [`[${'1,'.repeat(5000)}1]`, 'LIMIT_EXCEEDED', 'vector'],
  ])('%s is refused', (text, code, field) => {
    const error = refused(`{"vector":${text}}`, POINT);
    expect([error.code, error.field]).toEqual([code, field]);
  });

  test('the error names the point and the number', () => {
    const points = Array.from(
      { length: 4 },
      (_, i) => `{"id":${i},"vector":[1,${i === 3 ? 'true' : 2}]}`,
    );
    expect(refused(`{"points":[${points.join(',')}]}`, POINTS).field).toBe('points[3].vector[1]');
    expect(refused('{"vectors":{"title":[1,{}]}}', POINT).field).toBe('vectors.title[1]');
  });
});

describe('ids', () => {
  test.each([
    ['"a"', 'a'],
    ['7', 7],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['18446744073709551615', 18446744073709551615n],
  ])('%s is an id', (text, id) => {
    expect(read(`{"id":${text}}`, POINT)).toEqual({ id });
  });

  test.each(['-1', '1.5', '1.0', '1e3', '18446744073709551616', 'null', 'true', '[1]', '{}'])(
    '%s is no id',
    (text) => {
      const error = refused(`{"id":${text}}`, POINT);
      expect([error.code, error.field]).toEqual(['INVALID_ARGUMENT', 'id']);
    },
  );
});

describe('payloads', () => {
  const payloadOf = (text: string): string =>
    Buffer.from((read(`{"payload":${text}}`, POINT) as { payload: Uint8Array }).payload).toString();

  test('a payload stays the text that it is', () => {
    const text = '{ "a": 1.0, "b": 12345678901234567890, "é\\n": [null, true, "x"] }';
    expect(payloadOf(`  ${text}  `)).toBe(text);
  });

  test('null is no payload', () => {
    expect(payloadOf('null')).toBe('');
  });

  test('any JSON object is taken, and exactly as it was written', () => {
    const objects = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), {
      maxKeys: 20,
    });
    fc.assert(
      fc.property(objects, (value) => {
        const text = JSON.stringify(value);
        fc.pre(Buffer.byteLength(text) <= limits.payloadBytesMax);
        expect(payloadOf(text)).toBe(text);
      }),
    );
  });

  test.each([
    ['{"a":1,"a":2}', 'MALFORMED_BODY'],
    ['{"ab":1,"a\\u0062":2}', 'MALFORMED_BODY'],
    [`{${Array.from({ length: 20 }, (_, i) => `"k${i % 19}":1`).join(',')}}`, 'MALFORMED_BODY'],
    ['{"a":[[[[1]]]]}', 'MALFORMED_BODY'],
    ['{"a":"\\ud800"}', 'MALFORMED_BODY'],
    ['{"a":01}', 'MALFORMED_BODY'],
    ['{"a"}', 'MALFORMED_BODY'],
    [`{"a":"${'x'.repeat(200)}"}`, 'LIMIT_EXCEEDED'],
    ['[1]', 'INVALID_ARGUMENT'],
    ['"text"', 'INVALID_ARGUMENT'],
  ])('%s is refused', (text, code) => {
    const error = refused(`{"payload":${text}}`, POINT);
    expect([error.code, error.field]).toEqual([code, 'payload']);
  });
});
