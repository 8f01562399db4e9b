import { type TInteger, Type } from 'typebox';
import { DEFAULT_LIMITS, type Limits } from '../../database/limits.ts';
import { integerSetting } from './setting-options.ts';

const limit = (name: keyof Limits, maximum: number, description: string): TInteger =>
  integerSetting(1, maximum, { default: DEFAULT_LIMITS[name], description });

const GIBIBYTE = 1024 ** 3;

const REQUEST_LIMITS = {
  // A body becomes one string while it is parsed, and a string of the engine has at most 2^29 characters.
  bodyBytesMax: limit('bodyBytesMax', GIBIBYTE / 2, 'Bytes of a request body or gRPC message.'),
  batchPointsMax: limit(
    'batchPointsMax',
    1_000_000,
    'Points of one upsert, ids of one get or delete.',
  ),
  searchBatchMax: limit('searchBatchMax', 10_000, 'Searches of one batch.'),
  limitMax: limit('limitMax', 1_000_000, '`limit` of a search or scroll.'),
  offsetMax: limit('offsetMax', 10_000_000, '`offset` of a search.'),
  efMax: limit('efMax', 1_000_000, '`ef` of a search.'),
  idBytesMax: limit('idBytesMax', 4096, 'UTF-8 bytes of a string id.'),
  payloadBytesMax: limit('payloadBytesMax', GIBIBYTE / 4, "Bytes of a point's payload."),
  payloadDepthMax: limit(
    'payloadDepthMax',
    1000,
    'Objects and arrays inside one another in a payload or body.',
  ),
  filterConditionsMax: limit(
    'filterConditionsMax',
    100_000,
    'Conditions of one filter, nested ones counted.',
  ),
  filterDepthMax: limit('filterDepthMax', 200, 'Filters inside one another.'),
  filterValuesMax: limit(
    'filterValuesMax',
    10_000_000,
    'Values of one `any`, `except` or `has_id`.',
  ),
  dimensionMax: limit('dimensionMax', 65_536, 'Numbers of a vector.'),
  vectorsPerCollectionMax: limit('vectorsPerCollectionMax', 1024, 'Named vectors of a collection.'),
  collectionsMax: limit('collectionsMax', 1_000_000, 'Collections.'),
  payloadIndexesPerCollectionMax: limit(
    'payloadIndexesPerCollectionMax',
    1024,
    'Payload indexes of a collection.',
  ),
  nameBytesMax: limit(
    'nameBytesMax',
    1024,
    'UTF-8 bytes of the name of a collection, alias, vector or field.',
  ),
} satisfies Record<keyof Limits, TInteger>;

/** `[limits]`: what a caller may send or ask for, and what may wait. */
export const LIMITS_SECTION = Type.Object(
  {
    ...REQUEST_LIMITS,
    searchQueueMax: integerSetting(1, 1_000_000, {
      default: 1024,
      description: 'Searches that may wait for a thread; more are refused with `OVERLOADED`.',
    }),
    writeQueueMax: integerSetting(1, 1_000_000, {
      default: 4096,
      description:
        'Commands that may wait to be written, of which a request makes one for each shard that its points are in; more are refused with `OVERLOADED`.',
    }),
    writeQueueBytesMax: integerSetting(1, Number.MAX_SAFE_INTEGER, {
      default: 256 * 1024 * 1024,
      description:
        'Bytes of commands that may wait to be written; more are refused with `OVERLOADED`.',
    }),
  },
  { description: 'What a caller may send or ask for, and what may wait.' },
);
