import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles `src` to `dist` for the published package; in a checkout the sources run as they are. */
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
cpSync(`${root}src`, `${root}dist`, {
  recursive: true,
  filter: (source) => !/\.(ts|md|json)$/.test(source) || source.endsWith('.generated.json'),
});
