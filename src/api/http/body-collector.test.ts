import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { collectBody } from './body-collector.ts';

/** A request as the collector sees it. */
function requestOf(headers: Record<string, string>): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { headers }) as unknown as PassThrough & IncomingMessage;
}

function collected(request: IncomingMessage, bytesMax = 8): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    collectBody(request, bytesMax, (error, body) => {
      if (error === null) resolve(body);
      else reject(error);
    });
  });
}

describe('the body of a request', () => {
  test('is the piece it came in, not a copy', async () => {
    const request = requestOf({ 'content-length': '3' });
    const body = collected(request);
    const piece = Buffer.from('abc');
    request.end(piece);
    expect(await body).toBe(piece);
  });

  test('is put together from its pieces, and empty where there are none', async () => {
    const request = requestOf({});
    const body = collected(request);
    request.write('ab');
    request.end('cd');
    expect((await body)?.toString()).toBe('abcd');
    const empty = requestOf({});
    const nothing = collected(empty);
    empty.end();
    expect(await nothing).toHaveLength(0);
  });

  test('is refused where it is too long, or said to be', async () => {
    await expect(collected(requestOf({ 'content-length': '9' }))).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
      field: 'body',
    });
    const request = requestOf({});
    const body = collected(request);
    request.write('12345678');
    request.end('9');
    await expect(body).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  test('is refused where its length is another than was said', async () => {
    const request = requestOf({ 'content-length': '4' });
    const body = collected(request);
    request.end('abc');
    await expect(body).rejects.toMatchObject({ code: 'MALFORMED_BODY', field: 'body' });
  });

  test('ends with the error of its stream', async () => {
    const request = requestOf({ 'content-length': '4' });
    const body = collected(request);
    request.destroy(new Error('gone'));
    await expect(body).rejects.toThrow('gone');
  });
});
