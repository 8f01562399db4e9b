import type { ConfigurationChange, ConfigurationStep } from './configuration.ts';

const VERSION = 1;
const HEADER_BYTES = 8;
const STEP_BYTES = 9;
const KINDS = ['addVoter', 'addLearner', 'remove'] as const;
const LEAVES = ['auto', 'explicit'] as const;

/**
 * A change as an entry's data: version u8, leave u8 (0 auto, 1 explicit), steps u16, bytes of the context u32; each step as kind u8 (0 addVoter,
 * 1 addLearner, 2 remove) and replica u64; the context. Big-endian.
 */
export function encodeConfigurationChange(change: ConfigurationChange): Uint8Array {
  const { steps, leave, context } = change;
  const contextAt = HEADER_BYTES + steps.length * STEP_BYTES;
  const bytes = new Uint8Array(contextAt + context.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, LEAVES.indexOf(leave));
  view.setUint16(2, steps.length);
  view.setUint32(4, context.length);
  for (const [place, { kind, replica }] of steps.entries()) {
    const at = HEADER_BYTES + place * STEP_BYTES;
    view.setUint8(at, KINDS.indexOf(kind));
    view.setBigUint64(at + 1, BigInt(replica));
  }
  bytes.set(context, contextAt);
  return bytes;
}

/** The change that {@link encodeConfigurationChange} wrote; undefined for anything else. */
export function decodeConfigurationChange(bytes: Uint8Array): ConfigurationChange | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const leave = LEAVES[view.getUint8(1)];
  if (view.getUint8(0) !== VERSION || leave === undefined) return undefined;
  const count = view.getUint16(2);
  const contextAt = HEADER_BYTES + count * STEP_BYTES;
  if (bytes.length !== contextAt + view.getUint32(4)) return undefined;
  const steps: ConfigurationStep[] = [];
  for (let at = HEADER_BYTES; at < contextAt; at += STEP_BYTES) {
    const kind = KINDS[view.getUint8(at)];
    const replica = Number(view.getBigUint64(at + 1));
    if (kind === undefined || !Number.isSafeInteger(replica) || replica === 0) return undefined;
    steps.push({ kind, replica });
  }
  // A Buffer's slice would share its memory.
  return { steps, leave, context: new Uint8Array(bytes.subarray(contextAt)) };
}
