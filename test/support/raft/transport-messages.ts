import fc from 'fast-check';
import type { Configuration } from '../../../src/raft/core/configuration.ts';
import type { Entry } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { GroupMessage, SnapshotChunk } from '../../../src/raft/transport/transport.ts';

const MIB = 2 ** 20;
const HEAD = { from: MIB + 1, to: 2 * MIB + 3, term: 7 };
const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

/** A joint configuration with something in each list. */
export const SAMPLE_CONFIGURATION: Configuration = {
  voters: [MIB + 1, 2 * MIB + 3, 3 * MIB + 1],
  outgoing: [MIB + 1, 2 * MIB + 3, 4 * MIB + 1],
  learners: [5 * MIB + 1],
  learnersNext: [4 * MIB + 1],
  autoLeave: true,
};

/** One message of each kind, by its name; the golden frames hold these. */
export const SAMPLE_MESSAGES: Readonly<Record<Message['kind'], Message>> = {
  vote: {
    kind: 'vote',
    ...HEAD,
    committed: { term: 5, index: 200 },
    last: { term: 6, index: 300 },
    transfer: true,
  },
  voteReply: { kind: 'voteReply', ...HEAD, committed: { term: 5, index: 200 }, granted: true },
  preVote: {
    kind: 'preVote',
    ...HEAD,
    committed: { term: 5, index: 200 },
    last: { term: 6, index: 300 },
  },
  preVoteReply: { kind: 'preVoteReply', ...HEAD, committed: { term: 0, index: 0 }, granted: false },
  append: {
    kind: 'append',
    ...HEAD,
    previous: { term: 6, index: 300 },
    commit: 299,
    entries: [
      { term: 6, index: 301, kind: 'command', data: bytes(1, 2, 3) },
      { term: 7, index: 302, kind: 'empty', data: bytes() },
      { term: 7, index: 303, kind: 'configuration', data: bytes(9) },
    ],
  },
  appendAccepted: { kind: 'appendAccepted', ...HEAD, index: 303 },
  appendRejected: {
    kind: 'appendRejected',
    ...HEAD,
    rejected: 300,
    hint: { term: 5, index: 200 },
  },
  heartbeat: { kind: 'heartbeat', ...HEAD, commit: 299, context: 12 },
  heartbeatReply: { kind: 'heartbeatReply', ...HEAD, from: HEAD.to, to: HEAD.from, context: 12 },
  commit: { kind: 'commit', ...HEAD, commit: 301 },
  snapshot: {
    kind: 'snapshot',
    ...HEAD,
    meta: { term: 6, index: 300, configuration: SAMPLE_CONFIGURATION },
  },
  readIndex: { kind: 'readIndex', ...HEAD, context: 2 ** 40 },
  readIndexReply: { kind: 'readIndexReply', ...HEAD, context: 2 ** 40, index: 303 },
  timeoutNow: { kind: 'timeoutNow', ...HEAD },
};

/** A chunk with something in each field. */
export const SAMPLE_CHUNK: SnapshotChunk = {
  group: 3,
  ...HEAD,
  snapshot: 'g3-i300-1',
  meta: { term: 6, index: 300, configuration: SAMPLE_CONFIGURATION },
  offset: 65_536,
  data: bytes(10, 20, 30, 40),
  crc: 0xdead_beef,
  last: true,
};

const integer = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 300 }),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 32),
);
const head = { from: integer, to: integer, term: integer };
const entryId = fc.record({ term: integer, index: integer });
const data = fc.uint8Array({ maxLength: 300 });
const replicas = fc
  .uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { maxLength: 9 })
  .map((list) => list.toSorted((a, b) => a - b));
const kind = <const Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);

/** Any configuration. */
export const anyConfiguration: fc.Arbitrary<Configuration> = fc.record({
  voters: replicas,
  outgoing: replicas,
  learners: replicas,
  learnersNext: replicas,
  autoLeave: fc.boolean(),
});

const anyMeta = fc.record({ term: integer, index: integer, configuration: anyConfiguration });

const anyAppend = fc
  .record({
    ...head,
    previous: fc.record({ term: integer, index: fc.nat({ max: 2 ** 45 }) }),
    commit: integer,
    entries: fc.array(
      fc.record({
        term: integer,
        kind: fc.constantFrom<Entry['kind']>('command', 'configuration', 'empty'),
        data,
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ entries, previous, ...rest }): Message => ({
    kind: 'append',
    ...rest,
    previous,
    entries: entries.map((entry, at) => ({ ...entry, index: previous.index + 1 + at })),
  }));

/** Any message of any kind. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: kind('vote'),
    ...head,
    committed: entryId,
    last: entryId,
    transfer: fc.boolean(),
  }),
  fc.record({ kind: kind('voteReply'), ...head, committed: entryId, granted: fc.boolean() }),
  fc.record({ kind: kind('preVote'), ...head, committed: entryId, last: entryId }),
  fc.record({ kind: kind('preVoteReply'), ...head, committed: entryId, granted: fc.boolean() }),
  anyAppend,
  fc.record({ kind: kind('appendAccepted'), ...head, index: integer }),
  fc.record({ kind: kind('appendRejected'), ...head, rejected: integer, hint: entryId }),
  fc.record({ kind: kind('heartbeat'), ...head, commit: integer, context: integer }),
  fc.record({ kind: kind('heartbeatReply'), ...head, context: integer }),
  fc.record({ kind: kind('commit'), ...head, commit: integer }),
  fc.record({ kind: kind('snapshot'), ...head, meta: anyMeta }),
  fc.record({ kind: kind('readIndex'), ...head, context: integer }),
  fc.record({ kind: kind('readIndexReply'), ...head, context: integer, index: integer }),
  fc.record({ kind: kind('timeoutNow'), ...head }),
);

/** Any message of any group. */
export const anyGroupMessage: fc.Arbitrary<GroupMessage> = fc.record({
  group: integer,
  message: anyMessage,
});

/** Any chunk. */
export const anyChunk: fc.Arbitrary<SnapshotChunk> = fc.record({
  group: integer,
  ...head,
  snapshot: fc.string({ maxLength: 60, unit: 'grapheme' }).map((name) => name.slice(0, 60)),
  meta: anyMeta,
  offset: integer,
  data,
  crc: fc.nat({ max: 0xffff_ffff }),
  last: fc.boolean(),
});
