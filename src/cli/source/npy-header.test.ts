import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { encodeNpyHeader, parseNpyHeader, parseNpyPreamble } from './npy-header.ts';

describe('an .npy header', () => {
  test('is written as NumPy writes it', () => {
    const bytes = encodeNpyHeader({ descr: '<f4', fortranOrder: false, shape: [3, 2] });
    expect(bytes.length).toBe(128);
    expect(Buffer.from(bytes).toString('latin1')).toBe(
      `\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }${' '.repeat(58)}\n`,
    );
  });

  test('comes back as it was written', () => {
    const header = fc.record({
      descr: fc.constantFrom('<f2', '<f4', '<f8', '|i1'),
      fortranOrder: fc.boolean(),
      shape: fc.array(fc.nat(), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(header, (expected) => {
        const bytes = encodeNpyHeader(expected);
        expect(bytes.length % 64).toBe(0);
        const preamble = parseNpyPreamble(bytes.subarray(0, 12));
        if (typeof preamble === 'string') throw new Error(preamble);
        const { headerOffset, headerBytes } = preamble;
        expect(headerOffset + headerBytes).toBe(bytes.length);
        expect(parseNpyHeader(Buffer.from(bytes.subarray(headerOffset)).toString())).toEqual(
          expected,
        );
      }),
    );
  });

  test('is read with its keys in any order and spacing', () => {
    expect(parseNpyHeader(" { 'shape':(4,5) ,'fortran_order' : True, 'descr': '<f2'}\n")).toEqual({
      descr: '<f2',
      fortranOrder: true,
      shape: [4, 5],
    });
  });

  test.each([
    ['{}', 'lacks'],
    ["{'descr': '<f4', 'shape': (1, 2)}", 'lacks'],
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 'not a plain array'],
    ["{'descr': '<f4' 'fortran_order': False}", 'not known'],
    ['garbage', 'not known'],
  ])('refuses %s', (text, reason) => {
    expect(parseNpyHeader(text)).toContain(reason);
  });

  test('of versions 2 and 3 has a 32-bit length; other versions are refused', () => {
    const preamble = (major: number): Uint8Array =>
      Uint8Array.from([0x93, ...Buffer.from('NUMPY'), major, 0, 0x10, 0x01, 0, 0]);
    expect(parseNpyPreamble(preamble(2))).toEqual({ headerOffset: 12, headerBytes: 272 });
    expect(parseNpyPreamble(preamble(3))).toEqual({ headerOffset: 12, headerBytes: 272 });
    expect(parseNpyPreamble(preamble(4))).toContain('version 4');
    expect(parseNpyPreamble(preamble(1).fill(0xff, 10))).toEqual({
      headerOffset: 10,
      headerBytes: 272,
    });
    expect(parseNpyPreamble(preamble(3).fill(0xff, 8))).toContain('bytes');
    expect(parseNpyPreamble(new Uint8Array(3))).toContain('not an .npy file');
  });

  test('of arbitrary bytes is a header or a reason, never an exception', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseNpyHeader(`{${text}}`)));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseNpyPreamble(bytes)));
  });
});
