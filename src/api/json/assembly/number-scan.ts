/**
 * Reading arrays of numbers, in AssemblyScript. What it promises is written at its caller, `number-scan.ts`. The text is followed by at least eight
 * bytes of zero, which are no part of any number.
 */

// @ts-ignore: decorator
@inline
const END: i32 = 0;
// @ts-ignore: decorator
@inline
const CAREFUL: i32 = 1;
// @ts-ignore: decorator
@inline
const NO_NUMBER: i32 = 2;
// @ts-ignore: decorator
@inline
const NO_COMMA: i32 = 3;
// @ts-ignore: decorator
@inline
const FULL: i32 = 4;

// @ts-ignore: decorator
@inline
const SCALE_MAX: i32 = 22;
/** More than the error of a mantissa of 16 to 19 digits made a double and scaled: three roundings of 2^-53 each, and the digits left out. */
// @ts-ignore: decorator
@inline
const ABOVE: f64 = 1.0 + 1.0 / 140737488355328.0;
// @ts-ignore: decorator
@inline
const BELOW: f64 = 1.0 - 1.0 / 140737488355328.0;

/** Powers of ten that a double holds exactly. */
const POWERS: StaticArray<f64> = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
];

/** By digits that come: mantissas below it stay below 10^19 with them. And what they are multiplied with. */
const ROOM_FOR: StaticArray<u64> = [
  10000000000000000000, 1000000000000000000, 100000000000000000, 10000000000000000,
  1000000000000000, 100000000000000, 10000000000000, 1000000000000, 100000000000,
];
const TIMES: StaticArray<u64> = [1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000];

/** Where the last scan stopped, and how many numbers it has read. */
export let position: usize = 0;
export let count: i32 = 0;

// @ts-ignore: decorator
@inline
function isSpace(byte: u32): bool {
  return byte <= 0x20 && (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09);
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u32): bool {
  return byte - 0x30 <= 9;
}

/** How many of eight bytes, from the lowest, are digits: the high half of each is 3, and still is after adding 6. */
// @ts-ignore: decorator
@inline
function digitsIn(word: u64): u64 {
  const high: u64 = 0xf0f0f0f0f0f0f0f0;
  const three: u64 = 0x3030303030303030;
  return ctz(((word & high) ^ three) | (((word + 0x0606060606060606) & high) ^ three)) >> 3;
}

/** The number that eight digits are, the first in the lowest byte: pairs, then fours, then all. */
// @ts-ignore: decorator
@inline
function valueOf(word: u64): u64 {
  const pairs = (((word & 0x0f0f0f0f0f0f0f0f) * 2561) >> 8) & 0x00ff00ff00ff00ff;
  const fours = ((pairs * 6553601) >> 16) & 0x0000ffff0000ffff;
  return (fours * 42949672960001) >> 32;
}

/**
 * Reads numbers and commas.
 *
 * @param at - of the first number
 * @param values - takes the numbers, f32
 * @param room - numbers that it takes
 */
export function scan(at: usize, values: usize, room: i32): i32 {
  let read = 0;
  while (true) {
    let byte: u32 = load<u8>(at);
    while (isSpace(byte)) byte = load<u8>(++at);
    position = at;
    count = read;
    // Signs are as good as random, so nothing branches on them.
    const minus: u32 = byte == 0x2d ? 1 : 0;
    at += minus;
    byte = load<u8>(at);
    if (!isDigit(byte)) return NO_NUMBER;
    if (read == room) return FULL;
    let mantissa: u64 = byte - 0x30;
    byte = load<u8>(++at);
    // After a zero no further digit may come before the point.
    if (mantissa > 0) {
      while (isDigit(byte)) {
        if (mantissa >= 1000000000000000000) return CAREFUL;
        mantissa = mantissa * 10 + (byte - 0x30);
        byte = load<u8>(++at);
      }
    }
    let scale = 0;
    if (byte == 0x2e) {
      const first = ++at;
      // Whole words are guessed right, and the processor reads ahead; where the digits end is computed instead.
      let word = load<u64>(at);
      while (digitsIn(word) == 8 && mantissa < 10000000000) {
        mantissa = mantissa * 100000000 + valueOf(word);
        at += 8;
        word = load<u64>(at);
      }
      const digits = digitsIn(word);
      if (mantissa < unchecked(ROOM_FOR[<i32>digits])) {
        // Digits are moved to the end, behind zeros.
        const value = digits == 0 ? 0 : valueOf(word << ((8 - digits) << 3));
        mantissa = mantissa * unchecked(TIMES[<i32>digits]) + value;
        at += <usize>digits;
      }
      byte = load<u8>(at);
      while (mantissa < 1000000000000000000 && isDigit(byte)) {
        mantissa = mantissa * 10 + (byte - 0x30);
        byte = load<u8>(++at);
      }
      scale = <i32>(at - first);
      // What follows nineteen digits is less than the error that is allowed for.
      while (isDigit(byte)) byte = load<u8>(++at);
      if (at == first) return CAREFUL;
    }
    if ((byte | 0x20) == 0x65 || scale > SCALE_MAX) return CAREFUL;
    let value = <f64>mantissa / unchecked(POWERS[scale]);
    if (mantissa >= 9007199254740992) {
      const rounded = <f32>(value * ABOVE);
      if (rounded != <f32>(value * BELOW)) return CAREFUL;
      value = rounded;
    }
    store<u32>(values + (<usize>read << 2), reinterpret<u32>(<f32>value) | (minus << 31));
    while (isSpace(byte)) byte = load<u8>(++at);
    if (byte != 0x2c && byte != 0x5d) {
      // The text may go on where this part of it ends; then the number is read once more.
      if (byte == 0) return CAREFUL;
      position = at;
      count = read + 1;
      return NO_COMMA;
    }
    read += 1;
    at += 1;
    if (byte == 0x5d) {
      position = at;
      count = read;
      return END;
    }
  }
  // The compiler does not see that the loop has no other end.
  return END;
}
