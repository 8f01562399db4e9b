import { describe, expect, test } from 'vitest';
import { projectFiles, type ProjectFile, type Rule } from './project-file.ts';
import { oneTitle } from './rule/documents.ts';
import { importDirection, packagePlaces } from './rule/imports.ts';
import { defaultExports, fileNames, undocumentedExports } from './rule/names.ts';
import { fileSize, functionSize } from './rule/sizes.ts';
import { bannedWords } from './rule/words.ts';

const file = (path: string, text: string): ProjectFile => ({ path, text });
const lines = (count: number, line = ' f();\n'): string => line.repeat(count);

interface Check {
  readonly rule: Rule;
  /** The rule finds something in each of these. */
  readonly bad: readonly ProjectFile[];
  /** And nothing in these. */
  readonly good: readonly ProjectFile[];
}

const CHECKS: Readonly<Record<string, Check>> = {
  'files are short': {
    rule: fileSize,
    bad: [file('src/a.ts', lines(401)), file('src/a.test.ts', lines(801))],
    good: [
      file('src/a.ts', lines(399)),
      file('src/a.test.ts', lines(799)),
      file('a.md', lines(900)),
    ],
  },
  'functions are short': {
    rule: functionSize,
    bad: [
      file('src/a.ts', `function a() {\n${lines(70)}}`),
      file('src/a.ts', `class A { #a(): void {\n${lines(70)}} }`),
      file('src/a.ts', `const a = async (): Promise<void> => {\n${lines(70)}};`),
    ],
    good: [file('src/a.ts', `function a() {\n${lines(68)}}`)],
  },
  'words have no better one': {
    rule: bannedWords,
    bad: [
      file('src/index/a.ts', 'const a = Date.now();'),
      file('src/index/a.ts', 'const a = performance.now();'),
      file('src/index/a.ts', 'const a = Math.random();'),
      file('src/index/a.ts', 'setTimeout(f, 1);'),
      file('src/raft/core/a.ts', 'async function f() {}'),
      file('src/raft/core/a.ts', "import { crc32 } from 'node:zlib';"),
      file('src/main.ts', 'process.exit(1);'),
      file('src/main.ts', 'console.log(1);'),
      file('docs/a.md', 'TODO: write'),
      file('src/a.test.ts', '// @ts-ignore\n'),
      file('src/a.ts', 'export enum A { b }'),
      file('src/a.test.ts', "vi.mock('a');"),
      file('src/a.test.ts', "test.only('a');"),
      file('docs/a.md', 'see https://registry.npmjs.org/a'),
      file('docs/a.md', 'see /work/a'),
    ],
    good: [
      file('src/base/clock.ts', 'const a = Date.now();'),
      file('src/index/a.test.ts', 'const a = Math.random();'),
      file('docs/a.md', 'see network/a and ./root/a'),
    ],
  },
  'files are named after what they hold': {
    rule: fileNames,
    bad: [file('src/aB.ts', ''), file('src/a_b.ts', ''), file('src/x/utils.ts', '')],
    good: [file('src/a-b.ts', ''), file('src/a-b.test.ts', ''), file('src/a.generated.ts', '')],
  },
  'there are no default exports': {
    rule: defaultExports,
    bad: [file('src/a.ts', 'export default 1;'), file('src/a.ts', 'export default class A {}')],
    good: [file('src/a.ts', 'export const a = 1;')],
  },
  'every exported thing has a doc comment': {
    rule: undocumentedExports,
    bad: [
      file('src/a.ts', 'export const a = 1;'),
      file('src/a.ts', '// A.\nexport interface A {}'),
    ],
    good: [
      file('src/a.ts', '/** A. */\nexport const a = 1;'),
      file('src/a.ts', 'export interface AOptions {}\nexport type B = keyof typeof A;'),
      file(
        'src/a.ts',
        '/** All. */\nexport const A = [1] as const;\nexport type A1 = (typeof A)[number];',
      ),
    ],
  },
  'imports go one way': {
    rule: importDirection,
    bad: [
      file('src/base/a.ts', "import { b } from '../config/b.ts';"),
      file('src/index/segment/a.ts', "import type {\n  B,\n} from '../../worker/b.ts';"),
      file('src/index/a.ts', "const b = await import('../api/b.ts');"),
      file('src/index/a.ts', "import { b } from '../../test/b.ts';"),
      file('src/raft/core/a.ts', "import { b } from '../log/b.ts';"),
      file('src/raft/log/a.ts', "import { b } from '../host/b.ts';"),
      file('src/raft/log/a.ts', "import { b } from '../../storage/b.ts';"),
    ],
    good: [
      file('src/index/segment/a.ts', "import { b } from '../../base/b.ts';"),
      file('src/raft/host/a.ts', "import { b } from '../core/b.ts';"),
      file('src/server/a.ts', "import { b } from '../api/b.ts';"),
      file('src/index/a.test.ts', "import { b } from '../../test/support/b.ts';"),
    ],
  },
  'packages stay in their place': {
    rule: packagePlaces,
    bad: [file('src/index/a.ts', "import { fastify } from 'fastify';")],
    good: [file('src/api/http/a.ts', "import { fastify } from 'fastify';")],
  },
  'documents have one title': {
    rule: oneTitle,
    bad: [file('a.md', 'text'), file('a.md', '# A\n\n# B\n')],
    good: [file('a.md', '# A\n\n```bash\n# not a title\n```\n')],
  },
};

describe.each(Object.entries(CHECKS))('%s', (_, { rule, bad, good }) => {
  test.each(bad.map((each) => [each.path, each.text.slice(0, 40), each] as const))(
    'sees what is wrong in %s: %s',
    (_path, _text, each) => expect(rule(each)).toHaveLength(1),
  );

  test('sees nothing wrong in what is right', () => {
    expect(good.flatMap((each) => rule(each))).toEqual([]);
  });

  test('holds in this project', () => {
    expect(projectFiles().flatMap((each) => rule(each))).toEqual([]);
  });
});
