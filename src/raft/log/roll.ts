import { readSafeInteger, writeSafeInteger } from './safe-integer.ts';
import type { GroupSummary } from './group-summary.ts';
import type { GroupLogState } from './log-storage.ts';

/**
 * The states of all groups at one point of the log. It proves what came before it: a group whose newest record is the one named here has lost nothing,
 * and a group that is not named was never there.
 */
export interface Roll {
  readonly groups: readonly GroupSummary[];
  /** Why groups that nobody knows of may have been here once; undefined: all are known. */
  readonly loss: string | undefined;
}

const GROUP_BYTES = 88;
const STATES: readonly GroupLogState[] = ['open', 'corrupt', 'destroyed'];
/** Damage is told in this many bytes at most. */
const TEXT_BYTES_MAX = 1024;

/** A roll as bytes. */
export function encodeRoll({ groups, loss }: Roll): Uint8Array {
  const texts = [loss, ...groups.map(({ damage }) => damage)].map((text) =>
    Buffer.from(text ?? '').subarray(0, TEXT_BYTES_MAX),
  );
  const textBytes = texts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(8 + GROUP_BYTES * groups.length + textBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, groups.length, true);
  view.setUint32(4, texts[0]?.length ?? 0, true);
  let at = 8;
  for (const [place, summary] of groups.entries()) {
    view.setUint32(at, summary.group, true);
    view.setUint8(at + 4, STATES.indexOf(summary.state));
    view.setUint16(at + 6, texts[place + 1]?.length ?? 0, true);
    const { replica, hardState, generation, compacted, lastIndex, sequence, chain } = summary;
    const numbers = [
      replica,
      hardState.term,
      hardState.vote,
      hardState.commit,
      generation,
      compacted.index,
      compacted.term,
      lastIndex,
      sequence,
    ];
    for (const [row, value] of numbers.entries()) writeSafeInteger(view, at + 8 + 8 * row, value);
    view.setUint32(at + 80, chain, true);
    at += GROUP_BYTES;
  }
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

/** A roll from bytes whose CRC is right; undefined where they are none that this program knows. */
export function decodeRoll(bytes: Uint8Array): Roll | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0, true);
  let textAt = 8 + GROUP_BYTES * count;
  if (textAt > bytes.length) return undefined;
  const takeText = (length: number): string | undefined => {
    const text = Buffer.from(bytes.subarray(textAt, textAt + length)).toString();
    textAt += length;
    return length === 0 ? undefined : text;
  };
  const loss = takeText(view.getUint32(4, true));
  const groups: GroupSummary[] = [];
  for (let place = 0; place < count; place += 1) {
    const at = 8 + GROUP_BYTES * place;
    const number = (row: number): number => readSafeInteger(view, at + 8 + 8 * row);
    const state = STATES[view.getUint8(at + 4)];
    if (state === undefined) return undefined;
    groups.push({
      group: view.getUint32(at, true),
      state,
      damage: takeText(view.getUint16(at + 6, true)),
      replica: number(0),
      hardState: { term: number(1), vote: number(2), commit: number(3) },
      generation: number(4),
      compacted: { index: number(5), term: number(6) },
      lastIndex: number(7),
      sequence: number(8),
      chain: view.getUint32(at + 80, true),
    });
  }
  return textAt === bytes.length ? { groups, loss } : undefined;
}
