import type { CollectionMessage } from '../../client/grpc/grape-messages.ts';
import { enumText } from './explanation.ts';
import { groupedInteger, readableBytes } from './figures.ts';
import { renderTable } from './table.ts';

/** Collections as a table: a line each. */
export function collectionsTable(
  collections: readonly CollectionMessage[],
  columns: number | undefined,
): string {
  return renderTable(
    [
      { title: 'collection' },
      { title: 'points', align: 'right' },
      { title: 'state' },
      { title: 'vectors' },
      { title: 'aliases' },
    ],
    collections.map((collection) => [
      collection.name,
      groupedInteger(collection.points),
      enumText(collection.state, 'COLLECTION_STATE_'),
      vectorsText(collection),
      collection.aliases.join(', '),
    ]),
    columns,
  );
}

function vectorsText(collection: CollectionMessage): string {
  return Object.entries(collection.vectors)
    .map(([name, { dimension, distance }]) => {
      const label = name === '' ? '' : `${name}: `;
      return `${label}${dimension} ${enumText(distance, 'DISTANCE_')}`;
    })
    .join(', ');
}

/** All that is told of a collection. */
export function collectionText(collection: CollectionMessage, columns: number | undefined): string {
  const head = [
    ['collection', `${collection.name} (number ${collection.number})`],
    ['aliases', collection.aliases.join(', ') || '–'],
    ['state', enumText(collection.state, 'COLLECTION_STATE_')],
    ['points', groupedInteger(collection.points)],
  ];
  const lines = head.map(([name = '', value = '']) => `${name.padEnd(14)}${value}\n`);
  const vectors = renderTable(
    [
      { title: 'vector' },
      { title: 'dimension', align: 'right' },
      { title: 'distance' },
      { title: 'quantization' },
      { title: 'm', align: 'right' },
      { title: 'ef construction', align: 'right' },
      { title: 'ef search', align: 'right' },
    ],
    Object.entries(collection.vectors).map(([name, vector]) => [
      name === '' ? '(unnamed)' : name,
      String(vector.dimension),
      enumText(vector.distance, 'DISTANCE_'),
      enumText(vector.quantization ?? '', 'QUANTIZATION_'),
      String(vector.m ?? ''),
      String(vector.efConstruction ?? ''),
      String(vector.efSearch ?? ''),
    ]),
    columns,
  );
  return [
    lines.join(''),
    vectors,
    indexesTable(collection, columns),
    segmentsTable(collection, columns),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function indexesTable(collection: CollectionMessage, columns: number | undefined): string {
  const indexes = Object.entries(collection.payloadIndexes);
  if (indexes.length === 0) return '';
  return renderTable(
    [{ title: 'payload index' }, { title: 'kind' }],
    indexes.map(([field, { kind }]) => [field, enumText(kind, 'PAYLOAD_INDEX_KIND_')]),
    columns,
  );
}

function segmentsTable(collection: CollectionMessage, columns: number | undefined): string {
  if (collection.segments.length === 0) return '';
  return renderTable(
    [
      { title: 'segment' },
      { title: 'rows', align: 'right' },
      { title: 'deleted', align: 'right' },
      { title: 'size', align: 'right' },
    ],
    collection.segments.map((segment) => [
      enumText(segment.kind, 'SEGMENT_KIND_'),
      groupedInteger(segment.rows),
      groupedInteger(segment.deletedRows),
      readableBytes(Number(segment.bytes)),
    ]),
    columns,
  );
}
