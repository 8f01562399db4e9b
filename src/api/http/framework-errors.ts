import type { Socket } from 'node:net';
import { VectorDbError } from '../../base/error.ts';
import { restError } from '../error-mapping.ts';

/** An error of fastify as one of ours; what is not about the request stays as it is. */
export function ownError(thrown: unknown): unknown {
  if (thrown instanceof VectorDbError || !(thrown instanceof Error)) return thrown;
  const { code } = thrown as { readonly code?: string };
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new VectorDbError(
        'UNSUPPORTED_MEDIA_TYPE',
        'content-type: application/json in UTF-8 is needed',
        { field: 'content-type' },
      );
    case 'FST_ERR_BAD_URL':
      return new VectorDbError('INVALID_ARGUMENT', 'path: is not a well-formed address', {
        field: 'path',
      });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new VectorDbError('LIMIT_EXCEEDED', 'path: a part of it is too long', {
        field: 'path',
      });
    case 'ECONNRESET':
      return new VectorDbError('CANCELLED', 'the caller closed the connection');
    default:
      return thrown;
  }
}

/** Answers what is not even HTTP, or arrives too slowly, and closes the connection. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (socket.destroyed) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const own = isSlow
    ? new VectorDbError('DEADLINE_EXCEEDED', 'the request did not arrive in time')
    : new VectorDbError(
        isLarge ? 'LIMIT_EXCEEDED' : 'MALFORMED_BODY',
        isLarge ? 'headers: are too large' : 'the request is not HTTP/1.1',
        { field: isLarge ? 'headers' : 'request' },
      );
  const { body } = restError(own);
  const status = isSlow
    ? '408 Request Timeout'
    : isLarge
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
