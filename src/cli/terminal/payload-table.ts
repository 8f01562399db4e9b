import { renderTable, type TableColumn } from './table.ts';

/** A line of the table: one point. */
export interface PayloadRow {
  /** For the columns before the payload's. */
  readonly cells: readonly string[];
  /** A payload field that only repeats it is not shown. */
  readonly id: string;
  readonly payloadJson: Buffer;
}

const CELL_CHARACTERS_MAX = 500;

/**
 * A table of points: the given columns, then one for each top-level key of the payloads, in the order in which they are met.
 *
 * @param fields - the keys to show; undefined: all
 * @param columns - of the terminal; undefined: as wide as need be
 */
export function payloadTable(
  head: readonly TableColumn[],
  rows: readonly PayloadRow[],
  fields: readonly string[] | undefined,
  columns: number | undefined,
): string {
  const payloads = rows.map(({ payloadJson }) => parsePayload(payloadJson));
  const keys = fields ?? [
    ...new Set(
      payloads.flatMap((payload, index) =>
        [...payload.keys()].filter(
          (key) => key !== 'id' || payload.get(key) !== (rows[index] as PayloadRow).id,
        ),
      ),
    ),
  ];
  return renderTable(
    [...head, ...keys.map((title) => ({ title }))],
    rows.map((row, index) => [
      ...row.cells,
      ...keys.map((key) => readable((payloads[index] as Map<string, unknown>).get(key))),
    ]),
    columns,
  );
}

function parsePayload(payloadJson: Buffer): Map<string, unknown> {
  if (payloadJson.length === 0) return new Map();
  return new Map(Object.entries(JSON.parse(payloadJson.toString('utf8')) as object));
}

/** A value for people: texts without quotes, lists with commas. */
export function readable(value: unknown): string {
  if (value === undefined) return '';
  const plain = Array.isArray(value) && value.every((item) => typeof item !== 'object');
  const text = typeof value === 'string' ? value : plain ? value.join(', ') : JSON.stringify(value);
  return text.length > CELL_CHARACTERS_MAX ? `${text.slice(0, CELL_CHARACTERS_MAX)}…` : text;
}
