import { isGenerated, isTest, isTypeScript, lineAt, type Rule } from '../project-file.ts';
import { type SyntaxNode, syntaxTree, walk } from '../syntax-tree.ts';

const SOURCE_LINES_MAX = 400;
const TEST_LINES_MAX = 800;
const FUNCTION_LINES_MAX = 70;

/** Files that are too long to read at once. */
export const fileSize: Rule = (file) => {
  if (!isTypeScript(file) || isGenerated(file)) return [];
  const lines = lineAt(file.text, file.text.length);
  const most = isTest(file) ? TEST_LINES_MAX : SOURCE_LINES_MAX;
  return lines > most ? [`${file.path}: ${lines} lines; split it, ${most} are allowed`] : [];
};

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Functions that are too long to see at once. The bodies of tests count, their `describe` blocks do not. */
export const functionSize: Rule = (file) => {
  if (!isTypeScript(file) || isGenerated(file) || isSuite(file.path)) return [];
  const found: string[] = [];
  walk(syntaxTree(file), (node) => {
    if (!FUNCTIONS.has(node.type)) return;
    const first = lineAt(file.text, bodyStart(node));
    const lines = lineAt(file.text, node.end) - first + 1;
    if (lines > FUNCTION_LINES_MAX) {
      found.push(
        `${file.path}:${first}: a function of ${lines} lines; ${FUNCTION_LINES_MAX} are allowed`,
      );
    }
  });
  return found;
};

const isSuite = (path: string): boolean => /\.(test|contract)\.ts$/.test(path);
const bodyStart = (node: SyntaxNode): number => node.start;
