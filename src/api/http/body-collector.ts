import type { IncomingMessage } from 'node:http';
import { VectorDbError } from '../../base/error.ts';

/**
 * Gathers the body of a request, in one piece. What arrived in one piece, as most searches do, is taken as it is: their bodies are long texts, and a
 * copy of each would have the garbage collector run twice as often.
 *
 * @param bytesMax - a longer body is BODY_TOO_LARGE, before all of it has arrived
 * @param done - called once, with an error or the body; MALFORMED_BODY where its length is not what `content-length` says
 */
export function collectBody(
  request: IncomingMessage,
  bytesMax: number,
  done: (error: Error | null, body?: Buffer) => void,
): void {
  const told = request.headers['content-length'];
  const tooLarge = (): VectorDbError =>
    new VectorDbError('BODY_TOO_LARGE', 'body: is larger than the limit', { field: 'body' });
  if (told !== undefined && Number(told) > bytesMax) return done(tooLarge());
  const parts: Buffer[] = [];
  let bytes = 0;
  const end = (error: Error | null): void => {
    request.off('data', onData).off('end', onEnd).off('error', end);
    if (error !== null) return done(error);
    if (told !== undefined && Number(told) !== bytes) {
      return done(
        new VectorDbError('MALFORMED_BODY', 'body: is not as long as content-length says', {
          field: 'body',
        }),
      );
    }
    const [first] = parts;
    return done(null, parts.length === 1 ? first : Buffer.concat(parts, bytes));
  };
  const onData = (part: Buffer): void => {
    parts.push(part);
    bytes += part.length;
    if (bytes > bytesMax) end(tooLarge());
  };
  const onEnd = (): void => end(null);
  request.on('data', onData).on('end', onEnd).on('error', end);
}
