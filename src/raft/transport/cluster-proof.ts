import { createHmac, timingSafeEqual } from 'node:crypto';

/** Bytes of a nonce. */
export const NONCE_BYTES = 32;
/** Bytes of a proof. */
export const PROOF_BYTES = 32;

/** Who proves: one cannot be sent back as the other. */
export type ProvingSide = 'client' | 'server';

/**
 * Proof that a side knows the cluster's token: HMAC-SHA-256, keyed by the token, of the side and of all that was said so far, in which both sides' nonces,
 * nodes, the cluster and the version are. The token itself never travels.
 *
 * @param hello - body of the client's first frame
 * @param challenge - body of the server's first frame
 */
export function clusterProof(
  token: Uint8Array,
  side: ProvingSide,
  hello: Uint8Array,
  challenge: Uint8Array,
): Uint8Array {
  // With the lengths, no two pairs of bodies give the same bytes.
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(hello.length, 0);
  lengths.writeUInt32LE(challenge.length, 4);
  const proof = createHmac('sha256', token)
    .update(`grape raft ${side}\0`)
    .update(lengths)
    .update(hello)
    .update(challenge)
    .digest();
  return new Uint8Array(proof);
}

/** Whether two proofs are the same, in a time that does not tell where they differ. */
export function isSameProof(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}
