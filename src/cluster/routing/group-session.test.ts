import { describe, expect, test } from 'vitest';
import { GroupSession } from './group-session.ts';

describe('a session', () => {
  test('numbers writes, and says up to where all have ended', () => {
    const session = new GroupSession(7, 10);
    expect([session.take(), session.take(), session.take()]).toEqual([1, 2, 3]);
    session.end(2);
    expect(session.stamp(3)).toEqual({ session: 7, sequence: 3, respondedUpTo: 0 });
    session.end(1);
    expect(session.stamp(3).respondedUpTo).toBe(2);
    session.end(3);
    expect(session.stamp(4).respondedUpTo).toBe(3);
  });

  test('gives no number too far ahead of the oldest write, and tells when there is room', async () => {
    const session = new GroupSession(7, 3);
    for (let number = 1; number <= 3; number += 1) expect(session.take()).toBe(number);
    expect(session.take()).toBeUndefined();
    const room = session.room();
    session.end(3);
    session.end(2);
    expect(session.take()).toBeUndefined();
    session.end(1);
    await room.promise;
    expect(session.take()).toBe(4);
  });

  test('ends each write once', () => {
    const session = new GroupSession(7, 3);
    session.take();
    session.end(1);
    expect(() => session.end(1)).toThrow('a write ends once');
  });
});
