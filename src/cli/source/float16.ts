const SCALE = 2 ** 112;

/**
 * Decodes IEEE 754 binary16 numbers. A half's fraction and exponent, moved to a single's places, are the number divided by
 * 2^112, subnormal ones too, so one multiplication is the whole conversion; only infinities and NaN go another way.
 *
 * @param bytes - little-endian, two bytes a number, at least `2 * into.length` of them from `offset` on; any alignment
 * @param into - filled whole
 */
export function decodeFloat16(bytes: Uint8Array, offset: number, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let index = 0, at = offset; index < into.length; index += 1, at += 2) {
    const half = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const sign = (half & 0x8000) << 16;
    if ((half & 0x7c00) === 0x7c00) {
      bits[index] = sign | 0x7f80_0000 | ((half & 0x3ff) << 13);
    } else {
      bits[index] = sign | ((half & 0x7fff) << 13);
      into[index] = (into[index] as number) * SCALE;
    }
  }
}
