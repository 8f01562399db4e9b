import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeClientSession,
  encodeClientSession,
  SESSION_TOKEN_CHARS_MAX,
  sessionOfShard,
} from './client-session.ts';

const refused = expect.objectContaining({ code: 'FAILED_PRECONDITION', field: 'session' });

test('a token gives the sessions back that it was made from', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { minLength: 1, maxLength: 64 }),
      (clusterId, sessions) => {
        const token = encodeClientSession(clusterId, sessions);
        const cluster = { clusterId, shardCount: sessions.length };
        expect(decodeClientSession(token, cluster)).toEqual(sessions);
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
      },
    ),
  );
});

test('a token of another cluster, or with another number of shards, is refused', () => {
  const token = encodeClientSession('here', [7, 8]);
  expect(() => decodeClientSession(token, { clusterId: 'there', shardCount: 2 })).toThrow(refused);
  expect(() => decodeClientSession(token, { clusterId: 'here', shardCount: 3 })).toThrow(refused);
});

test('a token with any changed character is refused', () => {
  const cluster = { clusterId: 'here', shardCount: 3 };
  const token = encodeClientSession('here', [1, 300, 70_000]);
  for (let at = 0; at < token.length; at += 1) {
    for (const other of ['A', 'z', '%', '']) {
      if (token[at] === other) continue;
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      // The last character has bits that mean nothing.
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(token, 'base64url'))) continue;
      expect(() => decodeClientSession(changed, cluster)).toThrow(refused);
    }
  }
});

test('text that is no token is refused', () => {
  for (const text of ['', 'AQ', 'x'.repeat(1000), 'a b', '\u0000']) {
    expect(() => decodeClientSession(text, { clusterId: '', shardCount: 1 })).toThrow(refused);
  }
});

test('a shard whose session could not be opened is refused, and no other', () => {
  expect(sessionOfShard([5, 0], 0)).toBe(5);
  expect(() => sessionOfShard([5, 0], 1)).toThrow(refused);
  expect(() => sessionOfShard([5, 0], 2)).toThrow(refused);
});

test('the longest token is within its bound', () => {
  const sessions = Array.from({ length: 1024 }, () => Number.MAX_SAFE_INTEGER);
  expect(encodeClientSession('c', sessions).length).toBeLessThanOrEqual(SESSION_TOKEN_CHARS_MAX);
});
