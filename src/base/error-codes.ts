/** What an error code means at the edges. `http` is a status, `grpc` a status code's number. */
export interface ErrorCodeEntry {
  readonly http: number;
  readonly grpc: number;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly description: string;
}

const entry = (
  http: number,
  grpc: number,
  retryable: boolean,
  description: string,
): ErrorCodeEntry => ({ http, grpc, retryable, description });

/** gRPC status numbers used by the table (the names are gRPC's own). */
export const GRPC_STATUS = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

const G = GRPC_STATUS;

/** Every error code there is. Codes are part of the API; messages are not. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: entry(
    400,
    G.INVALID_ARGUMENT,
    false,
    'A field of the request is missing, malformed or out of its range.',
  ),
  MALFORMED_BODY: entry(
    400,
    G.INVALID_ARGUMENT,
    false,
    'The body is not the JSON or message that the operation takes.',
  ),
  UNKNOWN_FIELD: entry(
    400,
    G.INVALID_ARGUMENT,
    false,
    'The request has a field that the operation does not know.',
  ),
  DIMENSION_MISMATCH: entry(
    400,
    G.INVALID_ARGUMENT,
    false,
    'A vector has another length than its collection asks for.',
  ),
  INVALID_VECTOR: entry(
    400,
    G.INVALID_ARGUMENT,
    false,
    'A vector has a number that is not finite, or is zero under cosine distance.',
  ),
  INVALID_FILTER: entry(400, G.INVALID_ARGUMENT, false, 'The filter is malformed.'),
  LIMIT_EXCEEDED: entry(400, G.INVALID_ARGUMENT, false, 'A value is above a configured limit.'),
  UNAUTHENTICATED: entry(
    401,
    G.UNAUTHENTICATED,
    false,
    'An API key is needed, or the one given is not known.',
  ),
  PERMISSION_DENIED: entry(
    403,
    G.PERMISSION_DENIED,
    false,
    'The API key does not permit this operation.',
  ),
  COLLECTION_NOT_FOUND: entry(
    404,
    G.NOT_FOUND,
    false,
    'There is no collection or alias of that name.',
  ),
  POINT_NOT_FOUND: entry(404, G.NOT_FOUND, false, 'There is no point with that id.'),
  NOT_FOUND: entry(404, G.NOT_FOUND, false, 'There is nothing at that address.'),
  METHOD_NOT_ALLOWED: entry(
    405,
    G.INVALID_ARGUMENT,
    false,
    'The address does not take this method.',
  ),
  DEADLINE_EXCEEDED: entry(
    408,
    G.DEADLINE_EXCEEDED,
    true,
    'The operation did not end within its deadline; a write may still take effect.',
  ),
  ALREADY_EXISTS: entry(
    409,
    G.ALREADY_EXISTS,
    false,
    'A collection or alias of that name exists already.',
  ),
  BODY_TOO_LARGE: entry(
    413,
    G.RESOURCE_EXHAUSTED,
    false,
    'The body is larger than the configured limit.',
  ),
  UNSUPPORTED_MEDIA_TYPE: entry(
    415,
    G.INVALID_ARGUMENT,
    false,
    'The content type is not one that the operation takes.',
  ),
  FAILED_PRECONDITION: entry(
    409,
    G.FAILED_PRECONDITION,
    false,
    'The state of the system does not permit the operation.',
  ),
  CANCELLED: entry(499, G.CANCELLED, true, 'The caller gave the request up.'),
  OVERLOADED: entry(
    429,
    G.RESOURCE_EXHAUSTED,
    true,
    'A queue is full; try again after the time that the answer names. Of a write of many points, some shards’ parts may be applied: the message tells.',
  ),
  INTERNAL: entry(500, G.INTERNAL, false, 'A bug: the request ended unexpectedly.'),
  DATA_CORRUPT: entry(500, G.DATA_LOSS, false, 'Stored data does not match its checksum.'),
  MEMORY_LIMIT: entry(
    503,
    G.RESOURCE_EXHAUSTED,
    true,
    'Memory is above its limit: writes are refused, reads go on.',
  ),
  DISK_FULL: entry(
    507,
    G.RESOURCE_EXHAUSTED,
    true,
    'The disk is full: writes are refused, reads go on.',
  ),
  NOT_LEADER: entry(
    503,
    G.UNAVAILABLE,
    true,
    'This node does not lead the group, or leads it no more; nothing was changed. The answer may name the node that does.',
  ),
  STALE_EPOCH: entry(
    503,
    G.UNAVAILABLE,
    true,
    'The sender of a write knew an older set of replicas of the shard; nothing was changed. Nodes send it again by themselves.',
  ),
  OUTCOME_UNKNOWN: entry(
    503,
    // A fault of the cluster that passes, as 503 says; gRPC's own UNKNOWN is read as a bug. Callers may not repeat either blindly.
    G.UNAVAILABLE,
    false,
    'Whether the write took effect, or will, could not be learnt; only a write of a session may be sent again without harm.',
  ),
  SESSION_EXPIRED: entry(
    409,
    G.FAILED_PRECONDITION,
    false,
    'The session is not known any more, so that a repeated write could not be told from a new one; it was not applied now.',
  ),
  UNAVAILABLE: entry(
    503,
    G.UNAVAILABLE,
    true,
    'Another node cannot be reached, or did not answer in time.',
  ),
  NOT_READY: entry(503, G.UNAVAILABLE, true, 'The node is starting and cannot serve this yet.'),
  SHUTTING_DOWN: entry(503, G.UNAVAILABLE, true, 'The node is shutting down.'),
  STORAGE_FAILED: entry(
    503,
    G.UNAVAILABLE,
    false,
    'Storage refused a write or a read; the node must be restarted.',
  ),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
