/**
 * The inner loops over vectors, in AssemblyScript. Addresses are bytes in the one imported memory. A row's numbers are padded with zeros to
 * `width`, a multiple of 16, so that no loop has a tail. A score depends only on its row and query, never on the row's place among others:
 * every path adds up in the same order.
 */

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
function sum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: decorator
@inline
const DOT: i32 = 0;
// @ts-ignore: decorator
@inline
const EUCLID: i32 = 1;
// @ts-ignore: decorator
@inline
const MANHATTAN: i32 = 2;

// @ts-ignore: decorator
@inline
function step(kind: i32, row: v128, query: v128, total: v128): v128 {
  if (kind == DOT) return madd(row, query, total);
  const difference = f32x4.sub(row, query);
  if (kind == EUCLID) return madd(difference, difference, total);
  return f32x4.add(f32x4.abs(difference), total);
}

// @ts-ignore: decorator
@inline
function finish(kind: i32, a: v128, b: v128): f32 {
  const total = sum(f32x4.add(a, b));
  return kind == EUCLID ? sqrt<f32>(total) : total;
}

// @ts-ignore: decorator
@inline
function address(gather: bool, rows: usize, slots: usize, i: i32, bytes: usize): usize {
  return rows + (gather ? <usize>load<u32>(slots + (<usize>i << 2)) : <usize>i) * bytes;
}

/** Four rows at a time: four streams from memory are in flight instead of one, which is what rows at random places wait for. */
// @ts-ignore: decorator
@inline
function score(kind: i32, gather: bool, rows: usize, slots: usize, count: i32, query: usize, width: i32, out: usize): void {
  const bytes = <usize>width << 2;
  const end = query + bytes;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    let p0 = address(gather, rows, slots, i, bytes);
    let p1 = address(gather, rows, slots, i + 1, bytes);
    let p2 = address(gather, rows, slots, i + 2, bytes);
    let p3 = address(gather, rows, slots, i + 3, bytes);
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
    let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
    for (let q = query; q < end; q += 64) {
      let qa = v128.load(q), qb = v128.load(q, 16);
      a0 = step(kind, v128.load(p0), qa, a0);
      a1 = step(kind, v128.load(p1), qa, a1);
      a2 = step(kind, v128.load(p2), qa, a2);
      a3 = step(kind, v128.load(p3), qa, a3);
      b0 = step(kind, v128.load(p0, 16), qb, b0);
      b1 = step(kind, v128.load(p1, 16), qb, b1);
      b2 = step(kind, v128.load(p2, 16), qb, b2);
      b3 = step(kind, v128.load(p3, 16), qb, b3);
      qa = v128.load(q, 32);
      qb = v128.load(q, 48);
      a0 = step(kind, v128.load(p0, 32), qa, a0);
      a1 = step(kind, v128.load(p1, 32), qa, a1);
      a2 = step(kind, v128.load(p2, 32), qa, a2);
      a3 = step(kind, v128.load(p3, 32), qa, a3);
      b0 = step(kind, v128.load(p0, 48), qb, b0);
      b1 = step(kind, v128.load(p1, 48), qb, b1);
      b2 = step(kind, v128.load(p2, 48), qb, b2);
      b3 = step(kind, v128.load(p3, 48), qb, b3);
      p0 += 64;
      p1 += 64;
      p2 += 64;
      p3 += 64;
    }
    const o = out + (<usize>i << 2);
    store<f32>(o, finish(kind, a0, b0));
    store<f32>(o, finish(kind, a1, b1), 4);
    store<f32>(o, finish(kind, a2, b2), 8);
    store<f32>(o, finish(kind, a3, b3), 12);
  }
  for (; i < count; i++) {
    let p = address(gather, rows, slots, i, bytes);
    let a = f32x4.splat(0), b = f32x4.splat(0);
    for (let q = query; q < end; q += 64) {
      a = step(kind, v128.load(p), v128.load(q), a);
      b = step(kind, v128.load(p, 16), v128.load(q, 16), b);
      a = step(kind, v128.load(p, 32), v128.load(q, 32), a);
      b = step(kind, v128.load(p, 48), v128.load(q, 48), b);
      p += 64;
    }
    store<f32>(out + (<usize>i << 2), finish(kind, a, b));
  }
}

export function dotSlots(rows: usize, slots: usize, count: i32, query: usize, width: i32, out: usize): void {
  score(DOT, true, rows, slots, count, query, width, out);
}
export function euclidSlots(rows: usize, slots: usize, count: i32, query: usize, width: i32, out: usize): void {
  score(EUCLID, true, rows, slots, count, query, width, out);
}
export function manhattanSlots(rows: usize, slots: usize, count: i32, query: usize, width: i32, out: usize): void {
  score(MANHATTAN, true, rows, slots, count, query, width, out);
}
export function dotRange(rows: usize, count: i32, query: usize, width: i32, out: usize): void {
  score(DOT, false, rows, 0, count, query, width, out);
}
export function euclidRange(rows: usize, count: i32, query: usize, width: i32, out: usize): void {
  score(EUCLID, false, rows, 0, count, query, width, out);
}
export function manhattanRange(rows: usize, count: i32, query: usize, width: i32, out: usize): void {
  score(MANHATTAN, false, rows, 0, count, query, width, out);
}

// @ts-ignore: decorator
@inline
function largest(row: usize, width: i32): f32 {
  let top = f32x4.splat(0);
  const end = row + (<usize>width << 2);
  for (let p = row; p < end; p += 16) top = f32x4.max(top, f32x4.abs(v128.load(p)));
  return max(
    max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)),
    max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)),
  );
}

// @ts-ignore: decorator
@inline
function rounded(p: usize, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(p), factor)));
}

// @ts-ignore: decorator
@inline
function codes16(p: usize, factor: v128): v128 {
  return i8x16.narrow_i16x8_s(
    i16x8.narrow_i32x4_s(rounded(p, factor), rounded(p + 16, factor)),
    i16x8.narrow_i32x4_s(rounded(p + 32, factor), rounded(p + 48, factor)),
  );
}

/** The codes of a row, -127 to 127, and at `meta` what scoring them needs: step (f32), sum of the codes (i32), squared length of the row (f32). */
export function encodeRow(row: usize, width: i32, codes: usize, meta: usize): void {
  const top = largest(row, width);
  // A row of zeros, or of numbers too small to be told apart from them, has the code 0 throughout.
  const factor = top > 1e-30 ? f32x4.splat(127 / top) : f32x4.splat(0);
  let squares = f32x4.splat(0);
  let total = i32x4.splat(0);
  const end = row + (<usize>width << 2);
  for (let p = row; p < end; p += 64) {
    const code = codes16(p, factor);
    v128.store(codes, code);
    total = i32x4.add(total, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(code)));
    for (let k: usize = 0; k < 64; k += 16) {
      const x = v128.load(p + k);
      squares = f32x4.add(squares, f32x4.mul(x, x));
    }
    codes += 16;
  }
  store<f32>(meta, top > 1e-30 ? top / 127 : 0);
  store<i32>(
    meta,
    i32x4.extract_lane(total, 0) + i32x4.extract_lane(total, 1) + i32x4.extract_lane(total, 2) + i32x4.extract_lane(total, 3),
    4,
  );
  store<f32>(meta, sum(squares), 8);
}

/**
 * The codes of a query, 1 to 127 with 64 for zero: seven unsigned bits, which is what the relaxed product takes on every processor.
 *
 * @returns the step between codes
 */
export function encodeQuery(query: usize, width: i32, codes: usize): f32 {
  const top = largest(query, width);
  const factor = top > 1e-30 ? f32x4.splat(63 / top) : f32x4.splat(0);
  const end = query + (<usize>width << 2);
  for (let p = query; p < end; p += 64) {
    v128.store(codes, i8x16.add(codes16(p, factor), i8x16.splat(64)));
    codes += 16;
  }
  return top > 1e-30 ? top / 63 : 0;
}

// @ts-ignore: decorator
@inline
function dotCodes(codes: v128, query: v128, total: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(codes, query, total);
  return i32x4.add(
    total,
    i32x4.add(
      i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_low_i8x16_s(codes, query)),
      i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_high_i8x16_s(codes, query)),
    ),
  );
}

/**
 * Approximate scores of rows that follow one another: the dot product, or with `euclid` the dot product less half the row's squared length, which
 * falls as the distance grows. Larger is nearer in both cases.
 */
export function scanCodes(codes: usize, meta: usize, count: i32, query: usize, width: i32, queryStep: f32, euclid: bool, out: usize): void {
  for (let i = 0; i < count; i++) {
    let a = i32x4.splat(0), b = i32x4.splat(0);
    const end = query + (<usize>(width & ~31));
    let q = query;
    for (; q < end; q += 32) {
      a = dotCodes(v128.load(codes), v128.load(q), a);
      b = dotCodes(v128.load(codes, 16), v128.load(q, 16), b);
      codes += 32;
    }
    if (width & 16) {
      a = dotCodes(v128.load(codes), v128.load(q), a);
      codes += 16;
    }
    a = i32x4.add(a, b);
    const shifted = i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3);
    const product = <f32>(shifted - 64 * load<i32>(meta, 4)) * load<f32>(meta) * queryStep;
    store<f32>(out + (<usize>i << 2), euclid ? product - load<f32>(meta, 8) * 0.5 : product);
    meta += 12;
  }
}

/** A fast Walsh-Hadamard transform in place, not scaled; `size` is a power of two, at least 16. */
// @ts-ignore: decorator
@inline
function transform(row: usize, size: i32): void {
  const end = row + (<usize>size << 2);
  for (let p = row; p < end; p += 16) {
    let x = v128.load(p);
    // Butterflies over neighbours, then over pairs, inside one register.
    let swapped = v128.shuffle<f32>(x, x, 1, 0, 3, 2);
    x = f32x4.add(f32x4.mul(x, f32x4(1, -1, 1, -1)), swapped);
    swapped = v128.shuffle<f32>(x, x, 2, 3, 0, 1);
    x = f32x4.add(f32x4.mul(x, f32x4(1, 1, -1, -1)), swapped);
    v128.store(p, x);
  }
  for (let half: usize = 16; half < <usize>size << 2; half <<= 1) {
    for (let block = row; block < end; block += half << 1) {
      const stop = block + half;
      for (let p = block; p < stop; p += 16) {
        const x = v128.load(p);
        const y = v128.load(p + half);
        v128.store(p, f32x4.add(x, y));
        v128.store(p + half, f32x4.sub(x, y));
      }
    }
  }
}

/** Rotates `count` rows of `size` numbers in place: signs, transform, signs, transform; `signs` are 2 * `size` numbers, 1 or -1. */
export function rotate(rows: usize, count: i32, size: i32, signs: usize): void {
  const bytes = <usize>size << 2;
  for (let i = 0; i < count; i++) {
    for (let round: usize = 0; round < 2; round++) {
      const s = signs + round * bytes;
      for (let k: usize = 0; k < bytes; k += 16) v128.store(rows + k, f32x4.mul(v128.load(rows + k), v128.load(s + k)));
      transform(rows, size);
    }
    rows += bytes;
  }
}
