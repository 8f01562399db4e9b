import type { FileHandle } from 'node:fs/promises';

import { decodeFloat16 } from './float16.ts';
import { NPY_PREAMBLE_BYTES, parseNpyHeader, parseNpyPreamble } from './npy-header.ts';
import { decodeFloat32, fileError, readExactly, RowFile, type RowLayout } from './row-file.ts';

/**
 * A `.npy` file (NumPy's NEP 1, versions 1 to 3): two dimensions, C order, little-endian float16, float32 or float64.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT when it is anything else, or not whole
 */
export function openNpyFile(path: string): Promise<RowFile> {
  return RowFile.open(path, (handle, fileBytes) => readLayout(path, handle, fileBytes));
}

async function readLayout(path: string, handle: FileHandle, fileBytes: number): Promise<RowLayout> {
  const preamble = parseNpyPreamble(
    await readExactly(handle, path, 0, Math.min(NPY_PREAMBLE_BYTES, fileBytes)),
  );
  if (typeof preamble === 'string') throw fileError(path, preamble);
  const { headerOffset, headerBytes } = preamble;
  if (headerOffset + headerBytes > fileBytes) throw fileError(path, 'ends within its header');
  const text = await readExactly(handle, path, headerOffset, headerBytes);
  const header = parseNpyHeader(Buffer.from(text).toString('utf8'));
  if (typeof header === 'string') throw fileError(path, header);
  if (header.fortranOrder) throw fileError(path, 'is in Fortran order; save it in C order');
  const [rows, dimension] = header.shape;
  if (header.shape.length !== 2 || rows === undefined || dimension === undefined) {
    throw fileError(
      path,
      `has ${header.shape.length} dimensions; two are needed, (rows, numbers of a vector)`,
    );
  }
  const { bytes, decode } = elementOf(path, header.descr);
  return {
    dataOffset: headerOffset + headerBytes,
    rows,
    dimension,
    stride: dimension * bytes,
    decode,
  };
}

function elementOf(path: string, descr: string): { bytes: number; decode: RowLayout['decode'] } {
  switch (descr) {
    case '<f2':
      return { bytes: 2, decode: decodeFloat16 };
    case '<f4':
      return { bytes: 4, decode: decodeFloat32 };
    case '<f8':
      return { bytes: 8, decode: decodeFloat64 };
    default:
      throw fileError(
        path,
        `holds numbers of type ${descr}; little-endian float16, float32 or float64 (<f2, <f4, <f8) is needed`,
      );
  }
}

function decodeFloat64(bytes: Uint8Array, offset: number, into: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < into.length; index += 1) {
    into[index] = view.getFloat64(offset + 8 * index, true);
  }
}
