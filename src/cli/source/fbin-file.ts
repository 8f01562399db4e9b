import { decodeFloat32, fileError, readExactly, RowFile } from './row-file.ts';

/**
 * An `.fbin` file (the format of the billion-scale benchmarks): rows and dimension as little-endian uint32, then the float32 numbers row by row.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT when it is anything else, or not whole
 */
export function openFbinFile(path: string): Promise<RowFile> {
  return RowFile.open(path, async (handle, fileBytes) => {
    if (fileBytes < 8) throw fileError(path, 'is not an .fbin file');
    const head = await readExactly(handle, path, 0, 8);
    const view = new DataView(head.buffer);
    const rows = view.getUint32(0, true);
    const dimension = view.getUint32(4, true);
    return { dataOffset: 8, rows, stride: 4 * dimension, dimension, decode: decodeFloat32 };
  });
}
