import { isTest, isTypeScript, lineAt, type ProjectFile, type Rule } from '../project-file.ts';

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly applies: (file: ProjectFile) => boolean;
}

const isSource = (file: ProjectFile): boolean =>
  file.path.startsWith('src/') && isTypeScript(file) && !isTest(file);
const outsideBase = (file: ProjectFile): boolean =>
  isSource(file) && !file.path.startsWith('src/base/');
const inCore = (file: ProjectFile): boolean =>
  isSource(file) && file.path.startsWith('src/raft/core/');
const anywhere = (file: ProjectFile): boolean => !file.path.startsWith('test/tidy/');
const anyTypeScript = (file: ProjectFile): boolean => isTypeScript(file) && anywhere(file);

const BANS: readonly Ban[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)/g, instead: 'a Clock', applies: outsideBase },
  { pattern: /\bperformance\.now\b/g, instead: 'a Clock', applies: outsideBase },
  { pattern: /\bMath\.random\b/g, instead: 'a Random', applies: outsideBase },
  { pattern: /\bset(Timeout|Interval)\(/g, instead: 'Clock.after or pause', applies: outsideBase },
  {
    pattern: /\basync\b|\bawait\b|\bPromise\b|from 'node:/g,
    instead: 'an effect as data: the core is synchronous and pure',
    applies: inCore,
  },
  {
    pattern: /\bprocess\.exit\(/g,
    instead: 'process.exitCode, and let things end',
    applies: isSource,
  },
  {
    pattern: /\bconsole\.\w+\(/g,
    instead: 'a Logger, or a stream that is given',
    applies: isSource,
  },
  { pattern: /\b(TODO|FIXME|XXX)\b/g, instead: 'an issue', applies: anywhere },
  {
    pattern: /@ts-(ignore|nocheck)/g,
    instead: '@ts-expect-error with a reason, in tests only',
    applies: anyTypeScript,
  },
  {
    pattern: /^\s*(export )?(const )?enum /gm,
    instead: 'a const array and its union',
    applies: anyTypeScript,
  },
  { pattern: /\bvi\.mock\(/g, instead: 'an implementation in memory', applies: anyTypeScript },
  { pattern: /\b(test|describe|it)\.only\b/g, instead: 'nothing: run all', applies: anyTypeScript },
  {
    // Words apart, so that this table does not find itself.
    pattern: new RegExp(
      `registry\\.(npmjs|yarnpkg|npmmirror)|\\bnpm\\.pkg\\.github|artifactory`,
      'g',
    ),
    instead: 'nothing: the machine that installs knows its registry',
    applies: anywhere,
  },
  {
    pattern: /(?<![\w.~-])\/(work|root)\/[\w-]/g,
    instead: 'a path from the root of the project',
    applies: anywhere,
  },
];

/** Words that have a better one. */
export const bannedWords: Rule = (file) =>
  BANS.filter(({ applies }) => applies(file)).flatMap(({ pattern, instead }) =>
    [...file.text.matchAll(pattern)].map(
      ({ 0: found, index }) =>
        `${file.path}:${lineAt(file.text, index)}: "${found.trim()}"; instead: ${instead}`,
    ),
  );
