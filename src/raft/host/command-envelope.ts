import type { LogIndex } from '../core/entry.ts';

/** Which write of which client this is (thesis 6.3). */
export interface SessionStamp {
  /** As `openSession` gave it: the index of the entry that opened it. */
  readonly session: number;
  /** 1, 2, … in the session; the same for every attempt of one write. */
  readonly sequence: number;
  /** The client has the answers up to this sequence, so that they need not be kept. */
  readonly respondedUpTo: number;
}

/** What the data of an entry of kind `command` says. Everything that decides is in it: replicas may have other settings (trap: local decisions diverge). */
export type CommandEnvelope =
  | { readonly kind: 'command'; readonly command: Uint8Array; readonly stamp?: SessionStamp }
  | { readonly kind: 'openSession'; readonly sessionsMax: number }
  | { readonly kind: 'closeSession'; readonly session: number }
  | { readonly kind: 'digest' }
  | { readonly kind: 'digestReport'; readonly index: LogIndex; readonly digest: string };

const VERSION = 1;
const KINDS = {
  command: 1,
  stampedCommand: 2,
  openSession: 3,
  closeSession: 4,
  digest: 5,
  digestReport: 6,
} as const;
const HEAD_BYTES = 2;
const NUMBER_BYTES = 8;
const STAMP_BYTES = 3 * NUMBER_BYTES;

/** Layout: version u8, kind u8, numbers as u64 big-endian, then what is left: the command, or a text in UTF-8. */
export function encodeEnvelope(envelope: CommandEnvelope): Uint8Array {
  switch (envelope.kind) {
    case 'command': {
      const { command, stamp } = envelope;
      if (stamp === undefined) return encoded(KINDS.command, [], command);
      const { session, sequence, respondedUpTo } = stamp;
      return encoded(KINDS.stampedCommand, [session, sequence, respondedUpTo], command);
    }
    case 'openSession':
      return encoded(KINDS.openSession, [envelope.sessionsMax]);
    case 'closeSession':
      return encoded(KINDS.closeSession, [envelope.session]);
    case 'digest':
      return encoded(KINDS.digest, []);
    case 'digestReport':
      return encoded(
        KINDS.digestReport,
        [envelope.index],
        new TextEncoder().encode(envelope.digest),
      );
  }
}

const NOTHING = new Uint8Array(0);

function encoded(kind: number, numbers: readonly number[], rest: Uint8Array = NOTHING): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + numbers.length * NUMBER_BYTES + rest.byteLength);
  bytes[0] = VERSION;
  bytes[1] = kind;
  const view = new DataView(bytes.buffer);
  for (const [place, number] of numbers.entries()) {
    view.setBigUint64(HEAD_BYTES + place * NUMBER_BYTES, BigInt(number));
  }
  bytes.set(rest, bytes.byteLength - rest.byteLength);
  return bytes;
}

/** What {@link encodeEnvelope} made, the command as a view of `data`; undefined for anything else. */
export function decodeEnvelope(data: Uint8Array): CommandEnvelope | undefined {
  if (data[0] !== VERSION) return undefined;
  const kind = data[1];
  if (kind === KINDS.command) return { kind: 'command', command: data.subarray(HEAD_BYTES) };
  if (kind === KINDS.stampedCommand) return decodeStamped(data);
  if (kind === KINDS.digest) return data.byteLength === HEAD_BYTES ? { kind: 'digest' } : undefined;
  const number = numberAt(data, 0);
  if (number === undefined) return undefined;
  if (kind === KINDS.digestReport) {
    const digest = new TextDecoder().decode(data.subarray(HEAD_BYTES + NUMBER_BYTES));
    return { kind: 'digestReport', index: number, digest };
  }
  if (data.byteLength !== HEAD_BYTES + NUMBER_BYTES) return undefined;
  if (kind === KINDS.openSession && number > 0) return { kind: 'openSession', sessionsMax: number };
  if (kind === KINDS.closeSession) return { kind: 'closeSession', session: number };
  return undefined;
}

function decodeStamped(data: Uint8Array): CommandEnvelope | undefined {
  const [session, sequence, respondedUpTo] = [0, 1, 2].map((place) => numberAt(data, place));
  if (session === undefined || sequence === undefined || respondedUpTo === undefined) {
    return undefined;
  }
  const stamp = { session, sequence, respondedUpTo };
  return { kind: 'command', command: data.subarray(HEAD_BYTES + STAMP_BYTES), stamp };
}

function numberAt(data: Uint8Array, place: number): number | undefined {
  const offset = HEAD_BYTES + place * NUMBER_BYTES;
  if (data.byteLength < offset + NUMBER_BYTES) return undefined;
  const number = Number(new DataView(data.buffer, data.byteOffset).getBigUint64(offset));
  return Number.isSafeInteger(number) ? number : undefined;
}
