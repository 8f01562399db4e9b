import { isGenerated, isTest, isTypeScript, lineAt, type Rule } from '../project-file.ts';
import { statements, type SyntaxNode, syntaxTree } from '../syntax-tree.ts';

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*\.ts$/;
const CATCH_ALLS = /^(utils?|helpers?|common|types|misc|constants)\.ts$/;

/** Files whose names do not say what is in them. */
export const fileNames: Rule = (file) => {
  if (!isTypeScript(file)) return [];
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  if (CATCH_ALLS.test(name)) return [`${file.path}: name it after the one thing it holds`];
  return KEBAB.test(name) ? [] : [`${file.path}: name it in kebab case`];
};

/** Default exports, whose name every importer makes up. */
export const defaultExports: Rule = (file) => {
  if (!file.path.startsWith('src/') || !isTypeScript(file) || file.path.endsWith('.d.ts'))
    return [];
  return statements(syntaxTree(file))
    .filter(({ type }) => type === 'ExportDefaultDeclaration')
    .map(({ start }) => `${file.path}:${lineAt(file.text, start)}: a default export; name it`);
};

/** Exported things that nobody explained. */
export const undocumentedExports: Rule = (file) => {
  const applies =
    file.path.startsWith('src/') && isTypeScript(file) && !isTest(file) && !isGenerated(file);
  if (!applies || file.path.endsWith('.d.ts')) return [];
  return statements(syntaxTree(file))
    .filter((node) => node.type === 'ExportNamedDeclaration' && isDeclaration(node))
    .filter(({ start }) => !file.text.slice(0, start).trimEnd().endsWith('*/'))
    .map(({ start }) => {
      const line = file.text.slice(start, file.text.indexOf('\n', start));
      return `${file.path}:${lineAt(file.text, start)}: no doc comment: ${line}`;
    });
};

/**
 * Whether an export declares something that is not explained by what it belongs to: options are explained by what takes them, and the type
 * beside its `as const` list or table by the list.
 */
function isDeclaration(node: SyntaxNode): boolean {
  const declaration = node['declaration'] as SyntaxNode | null;
  if (declaration === null) return false;
  const name = (declaration['id'] as { readonly name?: string } | undefined)?.name ?? '';
  if (declaration.type === 'TSInterfaceDeclaration' && name.endsWith('Options')) return false;
  const annotation = declaration['typeAnnotation'] as SyntaxNode | undefined;
  return annotation?.type !== 'TSIndexedAccessType' && annotation?.type !== 'TSTypeOperator';
}
