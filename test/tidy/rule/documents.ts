import type { Rule } from '../project-file.ts';

/** Documents without exactly one title. */
export const oneTitle: Rule = ({ path, text }) => {
  if (!path.endsWith('.md')) return [];
  const prose = text.replaceAll(/^(```|~~~)[^]*?^\1/gm, '');
  const titles = prose.match(/^# .+$/gm) ?? [];
  return titles.length === 1 ? [] : [`${path}: ${titles.length} titles ("# …"); one is allowed`];
};
