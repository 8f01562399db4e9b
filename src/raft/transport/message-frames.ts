import { assert } from '../../base/assert.ts';
import type { GroupMessage } from './transport.ts';
import { ByteReader, malformed } from './byte-reader.ts';
import { FRAME_BODY_BYTES_MAX, type Frame, openFrame } from './frame-codec.ts';
import { writeFrame } from './write-frame.ts';
import {
  HEARTBEAT_ROW_BYTES_MAX,
  type GroupHeartbeat,
  isHeartbeat,
  readHeartbeatRows,
  writeHeartbeatRows,
} from './heartbeat-rows.ts';
import {
  type GroupMessageOfFrame,
  messageBytesMax,
  readMessage,
  writeMessage,
} from './message-codec.ts';

/** Messages share a frame up to about so many bytes; one message alone may be larger. */
const FRAME_BYTES = 256 * 1024;

/** A bound of what a message takes in a frame; above {@link FRAME_BODY_BYTES_MAX} it cannot travel. */
export function bytesInFrameMax(message: GroupMessage): number {
  return isHeartbeat(message) ? HEARTBEAT_ROW_BYTES_MAX : messageBytesMax(message.message);
}

/**
 * Messages of one turn to one node as frames: heartbeats and replies of all groups together and first, since they are small and somebody's patience is
 * running; then all others in their order.
 */
export function encodeFrames(messages: readonly GroupMessage[]): Uint8Array[] {
  const heartbeats: GroupHeartbeat[] = [];
  const others: GroupMessageOfFrame[] = [];
  for (const message of messages) {
    if (isHeartbeat(message)) heartbeats.push(message);
    else others.push(message as GroupMessageOfFrame);
  }
  return [
    ...parts(heartbeats).map(({ items, bytesMax }) =>
      writeFrame('heartbeats', bytesMax, (writer) => writeHeartbeatRows(writer, items)),
    ),
    ...parts(others).map(({ items, bytesMax }) =>
      writeFrame('messages', bytesMax, (writer) => {
        for (const item of items) writeMessage(writer, item);
      }),
    ),
  ];
}

/**
 * The messages of one frame of {@link encodeFrames}; entries' data are views of `bytes`.
 *
 * @throws {VectorDbError} DATA_CORRUPT for any other bytes
 */
export function decodeFrame(bytes: Uint8Array): readonly GroupMessage[] {
  return decodeMessages(openFrame(bytes));
}

/** The messages in a frame whose checksum holds. @throws {VectorDbError} DATA_CORRUPT */
export function decodeMessages({ kind, body }: Frame): readonly GroupMessage[] {
  if (body.length === 0) throw malformed('it has no messages');
  const reader = new ByteReader(body);
  if (kind === 'heartbeats') return readHeartbeatRows(reader);
  if (kind !== 'messages') throw malformed(`it is a ${kind} and has no messages`);
  const messages: GroupMessage[] = [];
  while (reader.remaining > 0) messages.push(readMessage(reader));
  return messages;
}

/** Neighbours that go into one frame together. */
function parts<T extends GroupMessage>(
  messages: readonly T[],
): { readonly items: T[]; bytesMax: number }[] {
  const all: { readonly items: T[]; bytesMax: number }[] = [];
  let open: { readonly items: T[]; bytesMax: number } | undefined;
  for (const message of messages) {
    const bytesMax = bytesInFrameMax(message);
    assert(bytesMax <= FRAME_BODY_BYTES_MAX, 'a message is larger than any frame');
    if (open === undefined || open.bytesMax + bytesMax > FRAME_BYTES) {
      open = { items: [], bytesMax: 0 };
      all.push(open);
    }
    open.items.push(message);
    open.bytesMax += bytesMax;
  }
  return all;
}
