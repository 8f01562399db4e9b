import { ByteReader, malformed } from './byte-reader.ts';
import { INTEGER_BYTES_MAX } from './byte-writer.ts';
import type { Frame } from './frame-codec.ts';
import type { LogEnd, LogEndsMessage } from './transport.ts';
import { writeFrame } from './write-frame.ts';

const ROW_BYTES_MAX = 3 * INTEGER_BYTES_MAX;

/**
 * A question is its number. An answer is the number of its question, then a row for each group up to the end of the body: group, replica, index of its last
 * entry.
 */
export function encodeLogEnds(message: LogEndsMessage): Uint8Array {
  if (message.kind === 'question') {
    return writeFrame('endsQuestion', INTEGER_BYTES_MAX, (writer) =>
      writer.integer(message.number),
    );
  }
  const { number, ends } = message;
  return writeFrame('endsAnswer', INTEGER_BYTES_MAX + ends.length * ROW_BYTES_MAX, (writer) => {
    writer.integer(number);
    for (const { group, replica, index } of ends) {
      writer.integer(group);
      writer.integer(replica);
      writer.integer(index);
    }
  });
}

/** The message in a frame whose checksum holds. @throws {VectorDbError} DATA_CORRUPT */
export function decodeLogEnds({ kind, body }: Frame): LogEndsMessage {
  const reader = new ByteReader(body);
  const number = reader.integer();
  if (kind === 'endsQuestion') {
    reader.end();
    return { kind: 'question', number };
  }
  if (kind !== 'endsAnswer') throw malformed(`it is a ${kind} and has no ends of logs`);
  const ends: LogEnd[] = [];
  while (reader.remaining > 0) {
    ends.push({ group: reader.integer(), replica: reader.integer(), index: reader.integer() });
  }
  return { kind: 'answer', number, ends };
}
