import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.cache/', import.meta.url));

/** Where a benchmark keeps what takes long to make; the file may or may not be there. */
export function cachePath(name: string): string {
  mkdirSync(FOLDER, { recursive: true });
  return `${FOLDER}${name}`;
}

/** Numbers that were made before under this name, or are made and kept now. */
export function cachedFloats(name: string, make: () => Float32Array): Float32Array {
  const bytes = cachedBytes(name, () => bytesOf(make()));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** As {@link cachedFloats}, of whole numbers. */
export function cachedIntegers(name: string, make: () => Int32Array): Int32Array {
  const bytes = cachedBytes(name, () => bytesOf(make()));
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function cachedBytes(name: string, make: () => Uint8Array): Uint8Array {
  const path = cachePath(name);
  if (existsSync(path)) {
    const file = readFileSync(path);
    // Small files come from a pool of Node's, at any offset.
    return file.byteOffset % 4 === 0 ? file : Uint8Array.from(file);
  }
  const made = make();
  writeFileSync(`${path}.partial`, made);
  renameSync(`${path}.partial`, path);
  return made;
}

const bytesOf = (numbers: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
