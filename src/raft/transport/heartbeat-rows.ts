import type { CommitNotice, Heartbeat, HeartbeatReply, Message } from '../core/message.ts';
import type { GroupMessage } from './transport.ts';
import { type ByteReader, malformed } from './byte-reader.ts';
import { type ByteWriter, INTEGER_BYTES_MAX } from './byte-writer.ts';

type RowMessage = Heartbeat | HeartbeatReply | CommitNotice;

/** A heartbeat, its reply, or a commit index without either, and whose it is. */
export interface GroupHeartbeat {
  readonly group: number;
  readonly message: RowMessage;
}

/** A bound of the bytes of one row. */
export const HEARTBEAT_ROW_BYTES_MAX = 1 + 6 * INTEGER_BYTES_MAX;

const IS_REPLY = 1;
const FROM_IS_LESS = 2;
const TO_IS_LESS = 4;
const IS_COMMIT = 8;
const FLAGS = IS_REPLY | FROM_IS_LESS | TO_IS_LESS | IS_COMMIT;

/** Whether a message travels as a row. */
export function isHeartbeat(message: GroupMessage): message is GroupHeartbeat {
  const { kind } = message.message;
  return kind === 'heartbeat' || kind === 'heartbeatReply' || kind === 'commit';
}

/**
 * Heartbeats, replies and commit indexes of many groups, one small row each: flags, group, sender, receiver, term, commit (not of a reply), context (not of a
 * commit index alone). Replicas of one node have numbers close to each other, so a row says only how far its two are from those of the row before (of the first, from 0).
 */
export function writeHeartbeatRows(writer: ByteWriter, rows: readonly GroupHeartbeat[]): void {
  let from = 0;
  let to = 0;
  for (const { group, message } of rows) {
    writer.byte(
      (message.kind === 'heartbeatReply' ? IS_REPLY : 0) |
        (message.kind === 'commit' ? IS_COMMIT : 0) |
        (message.from < from ? FROM_IS_LESS : 0) |
        (message.to < to ? TO_IS_LESS : 0),
    );
    writer.integer(group);
    writer.integer(Math.abs(message.from - from));
    writer.integer(Math.abs(message.to - to));
    writer.integer(message.term);
    if (message.kind !== 'heartbeatReply') writer.integer(message.commit);
    if (message.kind !== 'commit') writer.integer(message.context);
    ({ from, to } = message);
  }
}

/** What {@link writeHeartbeatRows} wrote, up to the end. @throws {VectorDbError} DATA_CORRUPT */
export function readHeartbeatRows(reader: ByteReader): GroupHeartbeat[] {
  const rows: GroupHeartbeat[] = [];
  let addressed: Pick<Message, 'from' | 'to'> = { from: 0, to: 0 };
  while (reader.remaining > 0) {
    const flags = reader.byte();
    if (flags > FLAGS || (flags & (IS_REPLY | IS_COMMIT)) === (IS_REPLY | IS_COMMIT)) {
      throw malformed('the flags of a heartbeat are not known');
    }
    const group = reader.integer();
    const from = step(reader, addressed.from, (flags & FROM_IS_LESS) !== 0);
    const to = step(reader, addressed.to, (flags & TO_IS_LESS) !== 0);
    const message = readRest(reader, flags, { from, to, term: reader.integer() });
    rows.push({ group, message });
    addressed = message;
  }
  return rows;
}

function readRest(
  reader: ByteReader,
  flags: number,
  head: Pick<Message, 'from' | 'to' | 'term'>,
): RowMessage {
  if ((flags & IS_REPLY) !== 0)
    return { kind: 'heartbeatReply', ...head, context: reader.integer() };
  const commit = reader.integer();
  if ((flags & IS_COMMIT) !== 0) return { kind: 'commit', ...head, commit };
  return { kind: 'heartbeat', ...head, commit, context: reader.integer() };
}

function step(reader: ByteReader, before: number, isLess: boolean): number {
  const distance = reader.integer();
  const value = isLess ? before - distance : before + distance;
  if (value < 0 || !Number.isSafeInteger(value)) throw malformed('a replica is none');
  return value;
}
