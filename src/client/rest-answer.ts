import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts';
import { VectorDbError } from '../base/error.ts';

const CAMEL: Readonly<Record<string, string>> = {
  missing_shards: 'missingShards',
  cluster_id: 'clusterId',
  node_id: 'nodeId',
};

/** Keys whose values are vectors: by name, or one. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/**
 * An answer as it is told: keys in camel case but for what callers named themselves, vectors as `Float32Array`s, ids beyond 2^53 as bigints.
 *
 * @throws {SyntaxError} where it is no JSON
 */
export function readJson(text: string): unknown {
  const exact: Reviver = (key, value, context) =>
    (key === 'id' || key === 'next') && typeof value === 'number' && !Number.isSafeInteger(value)
      ? BigInt(context?.source ?? value)
      : value;
  return told(JSON.parse(text, exact) as unknown);
}

function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [CAMEL[key] ?? key, member(key, inner)]),
  );
}

function member(key: string, value: unknown): unknown {
  switch (key) {
    case 'payload':
      return value;
    case 'vector':
      return Array.isArray(value) ? Float32Array.from(value as number[]) : value;
    case 'vectors':
      return Object.fromEntries(
        Object.entries(value as Readonly<Record<string, number[]>>).map(([name, numbers]) => [
          name,
          Array.isArray(numbers) ? Float32Array.from(numbers) : numbers,
        ]),
      );
    default:
      return told(value);
  }
}

/** What a status means where the answer is none of a node: it came from something in between. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'DEADLINE_EXCEEDED',
  413: 'BODY_TOO_LARGE',
  429: 'OVERLOADED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly field?: string;
  readonly retry_after_ms?: number;
}

/** The error that an answer of a status other than 2xx is about. */
export function restFailure(status: number, text: string, url: string): VectorDbError {
  let body: ErrorBody = {};
  try {
    body = (JSON.parse(text) as { readonly error?: ErrorBody }).error ?? {};
  } catch {
    // Not an answer of a node: its status has to do.
  }
  const { code = '', message, field, retry_after_ms: retryAfterMs } = body;
  const isKnown = Object.hasOwn(ERROR_CODES, code);
  return new VectorDbError(
    isKnown ? (code as ErrorCode) : (CODE_OF_STATUS[status] ?? 'INTERNAL'),
    message ?? `${url} answered with status ${status}`,
    {
      ...(field === undefined ? {} : { field }),
      ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    },
  );
}
