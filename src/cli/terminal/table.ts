import { cutText, plainText, textWidth } from './text-width.ts';

/** A column: its head, and which side its cells lean to. */
export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';
const NARROWEST = 4;

/**
 * A table as text: a line of titles, a rule, a line a row. Where it would be wider than `columns`, the widest columns of left-aligned text are narrowed and
 * their cells cut; figures never are.
 *
 * @param columns - undefined: as wide as need be
 */
export function renderTable(
  head: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  const cells = rows.map((row) => row.map(plainText));
  const widths = head.map(({ title }, index) =>
    Math.max(textWidth(title), ...cells.map((row) => textWidth(row[index] ?? ''))),
  );
  if (columns !== undefined) narrow(head, widths, columns);
  const line = (row: readonly string[]): string =>
    head
      .map(({ align }, index) => pad(row[index] ?? '', widths[index] as number, align))
      .join(GAP)
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join(GAP);
  return `${[line(head.map(({ title }) => title)), rule, ...cells.map(line)].join('\n')}\n`;
}

function narrow(head: readonly TableColumn[], widths: number[], columns: number): void {
  const total = (): number =>
    widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
  while (total() > columns) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      const mayShrink = head[index]?.align !== 'right' && width > NARROWEST;
      if (mayShrink && (widest === -1 || width > (widths[widest] as number))) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] as number) - 1;
  }
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutText(text, width);
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return align === 'right' ? space + cut : cut + space;
}
