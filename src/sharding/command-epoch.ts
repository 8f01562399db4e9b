import { assert } from '../base/assert.ts';

/** An epoch that no fence is above: of a command that must not be refused for the age of its sender's knowledge. */
export const ANY_EPOCH = 0xffff_ffff;

/** Where an encoded command says its epoch: four bytes, big-endian. */
const AT = 1;

/**
 * The epoch of an encoded command: that of the shard's replicas as its sender knew them.
 *
 * @param command - at least {@link COMMAND_HEAD_BYTES} long
 */
export function commandEpoch(command: Uint8Array): number {
  return new DataView(command.buffer, command.byteOffset).getUint32(AT);
}

/**
 * Changes the epoch of an encoded command, in place: before it is proposed, and between attempts.
 *
 * @param epoch - 0 to {@link ANY_EPOCH}
 */
export function setCommandEpoch(command: Uint8Array, epoch: number): void {
  assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= ANY_EPOCH, `epoch ${epoch}`);
  new DataView(command.buffer, command.byteOffset).setUint32(AT, epoch);
}

/** Bytes of an encoded command before its MessagePack: version and epoch. */
export const COMMAND_HEAD_BYTES = 5;
