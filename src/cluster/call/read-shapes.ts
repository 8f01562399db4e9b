import type { Filter } from '../../index/filter/filter.ts';
import type { SearchExplanation, SegmentExplanation } from '../../index/search-explanation.ts';
import type { Selectors } from '../../index/selectors.ts';
import type { ReadRequest, ReadResponses, SearchQuery } from '../../worker/read-messages.ts';
import { packedRanges } from './packed-ranges.ts';
import {
  bytes,
  fields,
  flag,
  floats,
  integer,
  kinds,
  list,
  malformed,
  oneOf,
  optional,
  pointKey,
  real,
  shorts,
  text,
  trusted,
  type WireShape,
} from './wire-shape.ts';

type PayloadSelector = Selectors['payload'];

const texts = list(text);

/** `true`, `false`, `[1, paths]` for those included, `[0, paths]` for those excluded. */
const payloadSelector: WireShape<PayloadSelector> = {
  encode: (value) => {
    if (typeof value === 'boolean') return value;
    return 'include' in value ? [1, value.include] : [0, value.exclude];
  },
  decode: (value) => {
    if (typeof value === 'boolean') return value;
    if (!Array.isArray(value)) throw malformed('not a selector');
    const paths = texts.decode(value[1]);
    return value[0] === 1 ? { include: paths } : { exclude: paths };
  },
};

/** `true`, `false`, or names. */
const vectorSelector: WireShape<Selectors['vectors']> = {
  encode: (value) => value,
  decode: (value) => (typeof value === 'boolean' ? value : texts.decode(value)),
};

const selectors = fields<Selectors>({ payload: payloadSelector, vectors: vectorSelector });
const filter = trusted<Filter>('a filter');

const searchQuery = fields<SearchQuery>({
  collection: integer,
  shards: optional(shorts),
  using: text,
  vector: floats,
  limit: integer,
  offset: integer,
  ef: integer,
  exact: flag,
  filter: optional(filter),
  scoreThreshold: optional(real),
  select: selectors,
  explain: flag,
  timed: flag,
});

type RequestOf<K extends ReadRequest['kind']> = Omit<Extract<ReadRequest, { kind: K }>, 'kind'>;

/** What is read. */
export const readRequest: WireShape<ReadRequest> = kinds<ReadRequest>({
  search: fields<RequestOf<'search'>>({ query: searchQuery }),
  get: fields<RequestOf<'get'>>({
    collection: integer,
    keys: list(pointKey),
    shards: shorts,
    select: selectors,
  }),
  scroll: fields<RequestOf<'scroll'>>({
    collection: integer,
    shards: optional(shorts),
    filter: optional(filter),
    from: optional(pointKey),
    limit: integer,
    select: selectors,
  }),
  count: fields<RequestOf<'count'>>({
    collection: integer,
    shards: optional(shorts),
    filter: optional(filter),
  }),
  matching: fields<RequestOf<'matching'>>({
    collection: integer,
    shards: optional(shorts),
    filter,
    from: optional(pointKey),
    limit: integer,
  }),
});

const segmentExplanation = fields<SegmentExplanation>({
  kind: oneOf('growing', 'sealed'),
  rows: integer,
  estimated: optional(real),
  strategy: oneOf('graph', 'exact', 'exactOverMatches', 'filteredGraph', 'nothingMatches'),
  indexed: texts,
  unindexed: texts,
  candidates: integer,
  rescored: integer,
});

const explanation = fields<SearchExplanation>({ segments: list(segmentExplanation) });

/** Packed points; decoded ones are a copy, as they have to begin where their buffer does. */
const points: WireShape<Uint8Array> = {
  encode: (value) => value,
  decode: (value) => {
    const packed = bytes.decode(value).slice();
    packedRanges(packed);
    return packed;
  },
};

/** Answers to reads, by the kind of the request. */
export const readResponses: { readonly [K in keyof ReadResponses]: WireShape<ReadResponses[K]> } = {
  search: fields<ReadResponses['search']>({
    points,
    explanation: optional(explanation),
    stages: optional(trusted('stages')),
  }),
  get: fields<ReadResponses['get']>({ points }),
  scroll: fields<ReadResponses['scroll']>({ points, next: optional(pointKey) }),
  count: fields<ReadResponses['count']>({ count: integer }),
  matching: fields<ReadResponses['matching']>({ keys: list(pointKey) }),
};
