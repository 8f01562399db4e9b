import { decodeFloat32, fileError, readExactly, RowFile } from './row-file.ts';

/**
 * An `.fvecs` file (the format of the TEXMEX corpora): each vector is its dimension as a little-endian int32, then that many float32 numbers;
 * all of one dimension.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT when it is anything else, or not whole
 */
export function openFvecsFile(path: string): Promise<RowFile> {
  return RowFile.open(path, async (handle, fileBytes) => {
    if (fileBytes < 8) throw fileError(path, 'is not an .fvecs file');
    const dimension = readInt32(await readExactly(handle, path, 0, 4), 0);
    const stride = 4 + 4 * dimension;
    if (dimension < 1 || fileBytes % stride !== 0) {
      throw fileError(path, `is not an .fvecs file: rows of ${dimension} numbers do not fill it`);
    }
    return {
      dataOffset: 0,
      rows: fileBytes / stride,
      stride,
      dimension,
      decode(bytes, offset, into, row) {
        const own = readInt32(bytes, offset);
        if (own !== dimension) {
          throw fileError(path, `has ${own} numbers in row ${row}, but ${dimension} in the first`);
        }
        decodeFloat32(bytes, offset + 4, into);
      },
    };
  });
}

function readInt32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(offset, true);
}
