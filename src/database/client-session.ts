import { assert } from '../base/assert.ts';
import { VectorDbError } from '../base/error.ts';
import { murmur3 } from '../sharding/hash-router.ts';

const VERSION = 1;
const HEAD_BYTES = 9;
const SEEDS = [0x67_72_61_70, 0x65_2d_73_31] as const;
const TOKEN = /^[A-Za-z0-9_-]+$/;

/** Shards whose sessions fit into a header of a request. */
export const SESSION_SHARDS_MAX = 1024;
/** Characters of a token, whatever its numbers are. */
export const SESSION_TOKEN_CHARS_MAX = Math.ceil(((HEAD_BYTES + 8 * SESSION_SHARDS_MAX) * 4) / 3);

/**
 * A client's session as the client keeps it: one session of each shard's group, by shard; 0 where none could be opened. Their numbers mean nothing in another
 * cluster, so the token is bound to this one.
 *
 * Layout, in base64url: version u8, two hashes of cluster id and numbers u32, the numbers as varints.
 */
export function encodeClientSession(clusterId: string, sessions: readonly number[]): string {
  assert(sessions.length <= SESSION_SHARDS_MAX, 'the sessions fit into a header');
  const numbers = Buffer.from(sessions.flatMap(varint));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION, 0);
  SEEDS.forEach((seed, i) => head.writeUInt32BE(bindingOf(clusterId, numbers, seed), 1 + 4 * i));
  return Buffer.concat([head, numbers]).toString('base64url');
}

/**
 * The sessions of a token, by shard.
 *
 * @throws {VectorDbError} FAILED_PRECONDITION with the field `session`: the token is none of this cluster's
 */
export function decodeClientSession(
  token: string,
  cluster: { readonly clusterId: string; readonly shardCount: number },
): readonly number[] {
  const bytes = TOKEN.test(token) ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
  const numbers = bytes.subarray(HEAD_BYTES);
  const isOurs =
    bytes.length > HEAD_BYTES &&
    bytes.readUInt8(0) === VERSION &&
    SEEDS.every(
      (seed, i) => bytes.readUInt32BE(1 + 4 * i) === bindingOf(cluster.clusterId, numbers, seed),
    );
  const sessions = isOurs ? varints(numbers) : [];
  if (sessions.length !== cluster.shardCount) throw unusable('it is none of this cluster');
  return sessions;
}

/** The session of a shard. @throws {VectorDbError} FAILED_PRECONDITION with the field `session`: none could be opened */
export function sessionOfShard(sessions: readonly number[], shard: number): number {
  const session = sessions[shard] ?? 0;
  if (session === 0) throw unusable(`it has no part for shard ${shard}, which was out of reach`);
  return session;
}

function unusable(why: string): VectorDbError {
  const text = `session: ${why}; open another one`;
  return new VectorDbError('FAILED_PRECONDITION', text, { field: 'session' });
}

function bindingOf(clusterId: string, numbers: Uint8Array, seed: number): number {
  return murmur3(numbers, murmur3(Buffer.from(clusterId), seed));
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function varints(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte % 128) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    values.push(value);
    value = 0;
    scale = 1;
  }
  return values;
}
