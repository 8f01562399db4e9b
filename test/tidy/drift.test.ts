import { describe, expect, test } from 'vitest';
import { generateDocuments } from '../../scripts/generate-documents.ts';
import { ERROR_CODES } from '../../src/base/error-codes.ts';
import { SETTINGS } from '../../src/config/setting.ts';
import { METRIC_TABLE } from '../../src/observability/metric-table.ts';
import { isTest, isTypeScript, projectFiles, projectText } from './project-file.ts';
import { FOLDER_IMPORTS } from './rule/imports.ts';

/** What stands between backticks in the first column of a document's tables. */
function firstColumn(path: string): readonly string[] {
  return [...projectText(path).matchAll(/^\| `([^`]+)`/gm)]
    .map((match) => match[1] ?? '')
    .toSorted();
}

describe('documents and sources say the same', () => {
  test('docs/errors.md has every error code and no other', () => {
    expect(firstColumn('docs/errors.md')).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  test('docs/metrics.md has every metric and no other', () => {
    const names = Object.values(METRIC_TABLE).map(({ name }) => name);
    expect(firstColumn('docs/metrics.md')).toEqual(names.toSorted());
  });

  test('docs/configuration.md has every setting and no other', () => {
    expect(firstColumn('docs/configuration.md')).toEqual(SETTINGS.map(({ key }) => key).toSorted());
  });

  test('the reference pages are what the sources make of them', async () => {
    for (const { path, content } of await generateDocuments()) {
      expect(projectText(path), `${path}: run npm run generate`).toBe(content);
    }
  });

  test('ARCHITECTURE.md has a row for every folder that tidy checks', () => {
    const folders = firstColumn('ARCHITECTURE.md');
    for (const folder of Object.keys(FOLDER_IMPORTS)) expect(folders).toContain(folder);
  });
});

describe('nothing is declared in vain', () => {
  const sources = projectFiles().filter((file) => isTypeScript(file) && !isTest(file));

  test('every error code is used', () => {
    const used = sources
      .filter(({ path }) => path !== 'src/base/error-codes.ts')
      .map(({ text }) => text)
      .join('\n');
    const idle = Object.keys(ERROR_CODES).filter((code) => !used.includes(`'${code}'`));
    expect(idle).toEqual([]);
  });

  test('every dependency has its row in docs/dependencies.md, and no other has', () => {
    const { dependencies, devDependencies } = JSON.parse(projectText('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)].toSorted();
    expect(firstColumn('docs/dependencies.md')).toEqual(names);
  });
});
