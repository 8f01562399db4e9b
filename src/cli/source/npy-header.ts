/** What the head of a `.npy` file tells. */
export interface NpyHeader {
  /** NumPy's type code, such as `<f4`. */
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** Where the header's text lies. */
export interface NpyPreamble {
  readonly headerOffset: number;
  readonly headerBytes: number;
}

/** Bytes that {@link parseNpyPreamble} needs at most. */
export const NPY_PREAMBLE_BYTES = 12;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const HEADER_BYTES_MAX = 1 << 20;

/**
 * The fixed part of the format of NumPy's NEP 1: magic, version (1.0: 16-bit length; 2.0 and 3.0: 32-bit).
 *
 * @returns the reason, where it is not one
 */
export function parseNpyPreamble(bytes: Uint8Array): NpyPreamble | string {
  if (bytes.length < 10 || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    return 'is not an .npy file';
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = view.getUint8(6);
  if (major < 1 || major > 3) return `has .npy version ${major}; versions 1 to 3 are known`;
  if (major === 1) return { headerOffset: 10, headerBytes: view.getUint16(8, true) };
  if (bytes.length < 12) return 'is not a whole .npy file';
  const headerBytes = view.getUint32(8, true);
  if (headerBytes > HEADER_BYTES_MAX) return `has an .npy header of ${headerBytes} bytes`;
  return { headerOffset: 12, headerBytes };
}

const DESCR = /^'descr'\s*:\s*'([^']*)'/;
const FORTRAN_ORDER = /^'fortran_order'\s*:\s*(True|False)/;
const SHAPE = /^'shape'\s*:\s*\(([\d\s,]*)\)/;

/**
 * The header's text: the Python dictionary that `numpy.save` writes, in any order of its keys.
 *
 * @returns the reason, where it is not one
 */
export function parseNpyHeader(text: string): NpyHeader | string {
  let rest = text.trim();
  if (!rest.startsWith('{') || !rest.endsWith('}')) return 'has an .npy header that is not known';
  rest = rest.slice(1, -1).trim();
  const found: { descr?: string; fortranOrder?: boolean; shape?: readonly number[] } = {};
  while (rest !== '') {
    const descr = DESCR.exec(rest);
    const order = FORTRAN_ORDER.exec(rest);
    const shape = SHAPE.exec(rest);
    if (descr) found.descr = descr[1] as string;
    if (order) found.fortranOrder = order[1] === 'True';
    if (shape) found.shape = parseShape(shape[1] as string);
    const matched = (descr ?? order ?? shape)?.[0];
    if (matched === undefined) return 'has an .npy header that is not a plain array of numbers';
    rest = rest.slice(matched.length).trim();
    if (rest.startsWith(',')) rest = rest.slice(1).trim();
    else if (rest !== '') return 'has an .npy header that is not known';
  }
  const { descr, fortranOrder, shape } = found;
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    return 'has an .npy header that lacks descr, fortran_order or shape';
  }
  return { descr, fortranOrder, shape };
}

function parseShape(text: string): readonly number[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number);
}

/** A header as version 1.0 bytes, padded so that the data begins at a multiple of 64. */
export function encodeNpyHeader(header: NpyHeader): Uint8Array {
  const shape = header.shape.length === 1 ? `${header.shape[0]},` : header.shape.join(', ');
  const text = `{'descr': '${header.descr}', 'fortran_order': ${header.fortranOrder ? 'True' : 'False'}, 'shape': (${shape}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, 0x20);
  bytes.set(MAGIC, 0);
  bytes.set([1, 0], 6);
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(text, 10, 'latin1');
  bytes[total - 1] = 0x0a;
  return bytes;
}
