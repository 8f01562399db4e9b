import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts';
import { type SerializedError, VectorDbError, deserializeError } from '../base/error.ts';
import { unreachable } from '../base/unreachable.ts';
import type { ApplyResult } from './shard-command.ts';

/** What a command came to, as replicated state keeps it. `refused`: it took its log index and changed nothing. */
export type ShardResult =
  | { readonly kind: 'applied'; readonly result: ApplyResult }
  | { readonly kind: 'refused'; readonly error: SerializedError };

const VERSION = 1;
const APPLIED = 1;
const REFUSED = 2;
const HEAD_BYTES = 2;
const APPLIED_BYTES = HEAD_BYTES + 12;

/**
 * Layout: version u8, kind u8, then of an applied command its log index u64 and changed points u32, big-endian; of a refused one its error's code, message and
 * field as JSON. The same result gives the same bytes everywhere, for replicas compare them.
 */
export function encodeShardResult(result: ShardResult): Uint8Array {
  switch (result.kind) {
    case 'applied': {
      const bytes = new Uint8Array(APPLIED_BYTES);
      const view = new DataView(bytes.buffer);
      bytes.set([VERSION, APPLIED]);
      view.setBigUint64(HEAD_BYTES, BigInt(result.result.index));
      view.setUint32(HEAD_BYTES + 8, result.result.changed);
      return bytes;
    }
    case 'refused': {
      const { code, message, field } = result.error;
      const text = new TextEncoder().encode(JSON.stringify({ code, message, field }));
      const bytes = new Uint8Array(HEAD_BYTES + text.length);
      bytes.set([VERSION, REFUSED]);
      bytes.set(text, HEAD_BYTES);
      return bytes;
    }
    default:
      return unreachable(result);
  }
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeShardResult(bytes: Uint8Array): ShardResult {
  if (bytes[0] !== VERSION) throw malformed('its version is not known');
  if (bytes[1] === APPLIED && bytes.length === APPLIED_BYTES) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const index = Number(view.getBigUint64(HEAD_BYTES));
    return { kind: 'applied', result: { index, changed: view.getUint32(HEAD_BYTES + 8) } };
  }
  if (bytes[1] !== REFUSED) throw malformed('its kind or length does not fit');
  return { kind: 'refused', error: parseError(bytes.subarray(HEAD_BYTES)) };
}

/** The result of an applied command. @throws {VectorDbError} with which the command was refused; DATA_CORRUPT */
export function applyResultOf(bytes: Uint8Array): ApplyResult {
  const decoded = decodeShardResult(bytes);
  if (decoded.kind === 'refused') throw deserializeError(decoded.error);
  return decoded.result;
}

function parseError(bytes: Uint8Array): SerializedError {
  let error: { readonly code?: unknown; readonly message?: unknown; readonly field?: unknown };
  try {
    error = Object(JSON.parse(new TextDecoder().decode(bytes))) as typeof error;
  } catch (thrown) {
    throw malformed('it is not JSON', thrown);
  }
  const { code, message, field } = error;
  if (typeof message !== 'string') throw malformed('it has no message');
  return {
    // Of a newer version, perhaps.
    code: isErrorCode(code) ? code : 'INTERNAL',
    message,
    ...(typeof field === 'string' ? { field } : {}),
  };
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);

function malformed(why: string, cause?: unknown): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `the result of a command is malformed: ${why}`, {
    cause,
  });
}
