import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

const bitwise = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
};

describe('CRC-32C', () => {
  test('has the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, place) => place))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  test('is the same bit by bit, at any length and in any parts', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, place) => place * 37);
    for (let length = 0; length <= bytes.length; length += 1) {
      const whole = bytes.subarray(0, length);
      expect(crc32c(whole)).toBe(bitwise(whole));
      const middle = length >> 1;
      expect(crc32c(whole.subarray(middle), crc32c(whole.subarray(0, middle)))).toBe(crc32c(whole));
    }
  });
});
