import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A text file of the project. */
export interface ProjectFile {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** What a rule has against a file: `path:line: what, and what to do instead`. */
export type Rule = (file: ProjectFile) => readonly string[];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', 'data', '.git', 'results']);
const TEXT = /\.(ts|md|json|toml|yml|yaml|proto|conf|sh|py)$|^\.ci\/run$|^Dockerfile$/;

/** All text files of the project, tests and documents included. */
export function projectFiles(folder = ''): readonly ProjectFile[] {
  return readdirSync(`${ROOT}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : projectFiles(`${path}/`);
    return TEXT.test(path) ? [{ path, text: readFileSync(`${ROOT}${path}`, 'utf8') }] : [];
  });
}

/** The text of one file of the project. */
export function projectText(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8');
}

/** Whether the file is a program text, generated or not; what is compiled to WebAssembly is in another language. */
export const isTypeScript = ({ path }: ProjectFile): boolean =>
  path.endsWith('.ts') && !path.includes('/assembly/');
/** Whether the file belongs to tests. */
export const isTest = ({ path }: ProjectFile): boolean =>
  /\.(test|contract)\.ts$/.test(path) || path.startsWith('test/');
/** Whether the file is written by `npm run generate`. */
export const isGenerated = ({ path }: ProjectFile): boolean =>
  /\.generated\.|\/generated\//.test(path);

/** The line, from 1, of a place in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
