import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from './load-config.ts';

const FOLDER = fileURLToPath(new URL('../../configs', import.meta.url));

test.each(readdirSync(FOLDER))('configs/%s is understood', (name) => {
  const loaded = loadConfig({
    argv: ['--config', `${FOLDER}/${name}`, '--check-config'],
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    machine: { cores: 4, memoryBytes: 8 * 1024 ** 3 },
  });
  expect(loaded.command).toBe('check');
});
