import { readFileSync } from 'node:fs';

/** This package's version; its package.json lies two folders above, in sources and compiled. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
