import type { SegmentExplanationMessage } from '../../client/grpc/grape-messages.ts';
import { groupedInteger } from './figures.ts';
import { renderTable } from './table.ts';

/** How a search was done, as a table: a line a segment. */
export function explanationText(
  segments: readonly SegmentExplanationMessage[],
  columns: number | undefined,
): string {
  return renderTable(
    [
      { title: 'segment' },
      { title: 'rows', align: 'right' },
      { title: 'strategy' },
      { title: 'estimated', align: 'right' },
      { title: 'candidates', align: 'right' },
      { title: 'rescored', align: 'right' },
      { title: 'indexed' },
      { title: 'unindexed' },
    ],
    segments.map((segment) => [
      enumText(segment.kind, 'SEGMENT_KIND_'),
      groupedInteger(segment.rows),
      enumText(segment.strategy, 'SEARCH_STRATEGY_'),
      segment.estimated === undefined ? '' : groupedInteger(segment.estimated),
      groupedInteger(segment.candidates),
      groupedInteger(segment.rescored),
      segment.indexed.join(', '),
      segment.unindexed.join(', '),
    ]),
    columns,
  );
}

/** An enum value's own word: `SEGMENT_KIND_SEALED` is `sealed`. */
export function enumText(value: string, prefix: string): string {
  return value.slice(prefix.length).toLowerCase().replaceAll('_', ' ');
}
