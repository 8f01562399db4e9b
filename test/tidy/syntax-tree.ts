import { parseAst } from 'vitest/node';
import type { ProjectFile } from './project-file.ts';

/** A node of a program's syntax tree (ESTree with types). */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

/** The program of a file. */
export function syntaxTree({ path, text }: ProjectFile): SyntaxNode {
  return parseAst(text, { lang: 'ts' }, path) as unknown as SyntaxNode;
}

/** The statements at the top of a program. */
export function statements(program: SyntaxNode): readonly SyntaxNode[] {
  return program['body'] as SyntaxNode[];
}

/** Calls `visit` with `node` and everything in it. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) {
        walk(child as SyntaxNode, visit);
      }
    }
  }
}
