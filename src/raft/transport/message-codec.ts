import { assert } from '../../base/assert.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { AppendRequest, Message } from '../core/message.ts';
import type { Entry, EntryId, EntryKind } from '../core/entry.ts';
import type { SnapshotMeta } from '../core/snapshot-meta.ts';
import type { GroupId } from '../log/log-storage.ts';
import { type ByteReader, malformed } from './byte-reader.ts';
import { type ByteWriter, INTEGER_BYTES_MAX } from './byte-writer.ts';
import {
  configurationBytesMax,
  readConfiguration,
  writeConfiguration,
} from './configuration-codec.ts';

/** Every message but those that travel as rows of their own frames. */
export type MessageOfFrame = Exclude<
  Message,
  { readonly kind: 'heartbeat' | 'heartbeatReply' | 'commit' }
>;

/** A message and whose it is. */
export interface GroupMessageOfFrame {
  readonly group: GroupId;
  readonly message: MessageOfFrame;
}

const TAG = {
  vote: 1,
  voteReply: 2,
  preVote: 3,
  preVoteReply: 4,
  append: 5,
  appendAccepted: 6,
  appendRejected: 7,
  snapshot: 8,
  readIndex: 9,
  readIndexReply: 10,
  timeoutNow: 11,
} as const satisfies Record<MessageOfFrame['kind'], number>;

const ENTRY_TAG = {
  command: 1,
  configuration: 2,
  empty: 3,
} as const satisfies Record<EntryKind, number>;

const ENTRY_KINDS: readonly (EntryKind | undefined)[] = [
  undefined,
  'command',
  'configuration',
  'empty',
];

/** Of a message without its entries and its configuration: a tag, a flag and at most eight numbers. */
const FIXED_BYTES_MAX = 2 + 8 * INTEGER_BYTES_MAX;
/** Of an entry without its data: its kind, its term, its data's length. */
const ENTRY_BYTES_MAX = 1 + 2 * INTEGER_BYTES_MAX;

/** A bound of the bytes that {@link writeMessage} writes. */
export function messageBytesMax(message: Message): number {
  switch (message.kind) {
    case 'append':
      return message.entries.reduce(
        (sum, { data }) => sum + ENTRY_BYTES_MAX + data.length,
        FIXED_BYTES_MAX,
      );
    case 'snapshot':
      return FIXED_BYTES_MAX + configurationBytesMax(message.meta.configuration);
    default:
      return FIXED_BYTES_MAX;
  }
}

/** Tag, group, sender, receiver, term, then what the kind has; docs/formats/raft-frames.md says which. */
export function writeMessage(writer: ByteWriter, { group, message }: GroupMessageOfFrame): void {
  writer.byte(TAG[message.kind]);
  writer.integer(group);
  writer.integer(message.from);
  writer.integer(message.to);
  writer.integer(message.term);
  switch (message.kind) {
    case 'vote':
      writeEntryId(writer, message.committed);
      writeEntryId(writer, message.last);
      writer.flag(message.transfer);
      return;
    case 'preVote':
      writeEntryId(writer, message.committed);
      writeEntryId(writer, message.last);
      return;
    case 'voteReply':
    case 'preVoteReply':
      writeEntryId(writer, message.committed);
      writer.flag(message.granted);
      return;
    case 'append':
      writeAppend(writer, message);
      return;
    case 'appendAccepted':
      writer.integer(message.index);
      return;
    case 'appendRejected':
      writer.integer(message.rejected);
      writeEntryId(writer, message.hint);
      return;
    case 'snapshot':
      writeSnapshotMeta(writer, message.meta);
      return;
    case 'readIndex':
      writer.integer(message.context);
      return;
    case 'readIndexReply':
      writer.integer(message.context);
      writer.integer(message.index);
      return;
    case 'timeoutNow':
      return;
    default:
      unreachable(message);
  }
}

/** What {@link writeMessage} wrote; entries' data are views of the reader's bytes. @throws {VectorDbError} DATA_CORRUPT */
export function readMessage(reader: ByteReader): GroupMessageOfFrame {
  const tag = reader.byte();
  const group = reader.integer();
  const from = reader.integer();
  const to = reader.integer();
  const term = reader.integer();
  return { group, message: readRest(reader, tag, { from, to, term }) };
}

function readRest(
  reader: ByteReader,
  tag: number,
  { from, to, term }: Pick<Message, 'from' | 'to' | 'term'>,
): MessageOfFrame {
  switch (tag) {
    case TAG.vote: {
      const committed = readEntryId(reader);
      const last = readEntryId(reader);
      return { kind: 'vote', from, to, term, committed, last, transfer: reader.flag() };
    }
    case TAG.voteReply: {
      const committed = readEntryId(reader);
      return { kind: 'voteReply', from, to, term, committed, granted: reader.flag() };
    }
    case TAG.preVote: {
      const committed = readEntryId(reader);
      return { kind: 'preVote', from, to, term, committed, last: readEntryId(reader) };
    }
    case TAG.preVoteReply: {
      const committed = readEntryId(reader);
      return { kind: 'preVoteReply', from, to, term, committed, granted: reader.flag() };
    }
    case TAG.append:
      return { kind: 'append', from, to, term, ...readAppend(reader) };
    case TAG.appendAccepted:
      return { kind: 'appendAccepted', from, to, term, index: reader.integer() };
    case TAG.appendRejected: {
      const rejected = reader.integer();
      return { kind: 'appendRejected', from, to, term, rejected, hint: readEntryId(reader) };
    }
    case TAG.snapshot:
      return { kind: 'snapshot', from, to, term, meta: readSnapshotMeta(reader) };
    case TAG.readIndex:
      return { kind: 'readIndex', from, to, term, context: reader.integer() };
    case TAG.readIndexReply: {
      const context = reader.integer();
      return { kind: 'readIndexReply', from, to, term, context, index: reader.integer() };
    }
    case TAG.timeoutNow:
      return { kind: 'timeoutNow', from, to, term };
    default:
      throw malformed(`its message tag ${tag} is not known`);
  }
}

/** Entries follow each other and the previous one, so their indexes need not travel. */
function writeAppend(writer: ByteWriter, { previous, entries, commit }: AppendRequest): void {
  writeEntryId(writer, previous);
  writer.integer(commit);
  writer.integer(entries.length);
  for (const [position, { kind, term, index, data }] of entries.entries()) {
    assert(index === previous.index + 1 + position, 'the entries of an append have a gap');
    writer.byte(ENTRY_TAG[kind]);
    writer.integer(term);
    writer.blob(data);
  }
}

function readAppend(reader: ByteReader): Pick<AppendRequest, 'previous' | 'entries' | 'commit'> {
  const previous = readEntryId(reader);
  const commit = reader.integer();
  const count = reader.integer();
  if (count > reader.remaining) throw malformed('it is cut short');
  if (!Number.isSafeInteger(previous.index + count)) throw malformed('an index is too large');
  const entries: Entry[] = [];
  for (let index = previous.index + 1; index <= previous.index + count; index += 1) {
    const kind = ENTRY_KINDS[reader.byte()];
    if (kind === undefined) throw malformed('the kind of an entry is not known');
    const term = reader.integer();
    entries.push({ kind, term, index, data: reader.blob() });
  }
  return { previous, entries, commit };
}

/** Term and index. */
export function writeEntryId(writer: ByteWriter, { term, index }: EntryId): void {
  writer.integer(term);
  writer.integer(index);
}

/** What {@link writeEntryId} wrote. @throws {VectorDbError} DATA_CORRUPT */
export function readEntryId(reader: ByteReader): EntryId {
  const term = reader.integer();
  return { term, index: reader.integer() };
}

/** Term, index, configuration. */
export function writeSnapshotMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writeEntryId(writer, meta);
  writeConfiguration(writer, meta.configuration);
}

/** What {@link writeSnapshotMeta} wrote. @throws {VectorDbError} DATA_CORRUPT */
export function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
  const { term, index } = readEntryId(reader);
  return { term, index, configuration: readConfiguration(reader) };
}
