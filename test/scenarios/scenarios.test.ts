import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { formatScenario, parseScenario } from './scenario-text.ts';

const FOLDER = import.meta.dirname;
/** Writes down what is shown, to be read before it is committed, instead of comparing it. */
const UPDATE = process.env['UPDATE'] === '1';

const files = globSync('**/*.txt', { cwd: FOLDER }).toSorted();

test('there are scenarios, each in its own form', () => {
  expect(files.length).toBeGreaterThanOrEqual(32);
  for (const file of files) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    expect(text.startsWith('# '), `${file} begins by saying what to look for`).toBe(true);
    expect(formatScenario(parseScenario(text))).toBe(text);
  }
});

describe('what replicas do when they are told to', () => {
  test.each(files)('%s', (file) => {
    const path = join(FOLDER, file);
    const text = readFileSync(path, 'utf8');
    const shown = formatScenario(runScenario(parseScenario(text)));
    if (UPDATE) writeFileSync(path, shown);
    else expect(shown).toBe(text);
  });
});
