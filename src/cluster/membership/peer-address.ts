import { VectorDbError } from '../../base/error.ts';

/** A node as the settings name it. */
export interface PeerAddress {
  readonly nodeId: string;
  /** `host:port` between nodes. */
  readonly address: string;
}

/**
 * A peer of `node@host:port`.
 *
 * @param field - the setting, for the message
 * @throws {VectorDbError} INVALID_ARGUMENT
 */
export function parsePeerAddress(text: string, field: string): PeerAddress {
  const match = /^([^@\s]+)@([^@\s]+:\d{1,5})$/.exec(text);
  const [, nodeId = '', address = ''] = match ?? [];
  if (match === null) {
    const message = `${field}: ${JSON.stringify(text)} is not of the form node@host:port`;
    throw new VectorDbError('INVALID_ARGUMENT', message, { field });
  }
  return { nodeId, address };
}
