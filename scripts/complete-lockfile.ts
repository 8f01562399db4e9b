import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Adds to package-lock.json the optional platform packages that the registry in use did not offer when the lock was written
 * (mirrors often hold one platform only). Without them `npm ci` calls the lock out of step. Run after `npm install`.
 */

interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
}

const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x'];

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> };
let added = 0;
for (const owner of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    const words = name.split(/[/-]/);
    const os = OS.filter((candidate) => words.includes(candidate));
    const cpu = CPU.filter((candidate) => words.includes(candidate));
    lock.packages[key] = {
      version: version.replace(/^[~^]/, ''),
      ...(owner.dev ? { dev: true } : {}),
      optional: true,
      ...(cpu.length > 0 ? { cpu } : {}),
      // A package that names no known system is one for a system this program does not run on.
      os: os.length > 0 ? os : ['none'],
    };
    added += 1;
  }
}
const sorted = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
);
lock.packages = sorted;
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform packages added`);
