import { describe, expect, test } from 'vitest';
import { HandClock } from '../../test/support/hand-clock.ts';
import { LogRoom } from './log-room.ts';

describe('the room of a log', () => {
  const roomOf = (free: { bytes: number | undefined }) => {
    const clock = new HandClock();
    const room = new LogRoom({ freeBytes: () => free.bytes, floorBytes: 1_000_000, clock });
    return { clock, room };
  };

  test('takes commands down to what has to stay free, and then refuses them', () => {
    const { room } = roomOf({ bytes: 1_002_000 });
    room.take(1_000);
    room.take(1_000);
    expect(() => room.take(300)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  });

  test('takes small ones for longer: they may free room', () => {
    const free = { bytes: 300_000 };
    const { room, clock } = roomOf(free);
    room.take(100);
    free.bytes = 250_000;
    clock.pass(20);
    expect(() => room.take(100)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  });

  test('looks at the disk again after a while', () => {
    const free = { bytes: 1_000_500 };
    const { room, clock } = roomOf(free);
    expect(() => room.take(1_000)).toThrow(expect.objectContaining({ retryable: true }));
    free.bytes = 5_000_000;
    clock.pass(20);
    room.take(1_000);
  });

  test('refuses nothing where the room is not known', () => {
    const { room } = roomOf({ bytes: undefined });
    room.take(2 ** 40);
  });
});
