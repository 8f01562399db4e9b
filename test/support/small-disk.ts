import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A small disk in memory at a folder, until it is disposed of; or the reason why there is none. */
export function smallDisk(path: string, mebibytes: number): string | Disposable {
  if (process.getuid?.() !== 0) return 'only root may mount a small disk';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], {
      stdio: 'pipe',
    });
  } catch (error) {
    return `no small disk can be mounted: ${String(error)}`;
  }
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]) };
}

/** Takes all of the disk but about so many bytes; returns how to give it back. */
export function takeRoom(disk: string, bytesLeft: number): () => void {
  const ballast = join(disk, 'ballast');
  const piece = Buffer.alloc(1 << 14);
  writeFileSync(ballast, '');
  for (;;) {
    const { bavail, bsize } = statfsSync(disk);
    if (bavail * bsize - piece.length < bytesLeft) break;
    try {
      appendFileSync(ballast, piece);
    } catch {
      // Others write there too, and were faster.
      break;
    }
  }
  return () => rmSync(ballast);
}
