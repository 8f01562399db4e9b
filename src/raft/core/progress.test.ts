import { describe, expect, test } from 'vitest';
import { Progress } from './progress.ts';

const LIMITS = { itemsMax: 2, bytesMax: 100 };
const FIRST = 1;

function probing(next = 11): Progress {
  return new Progress(next, true, LIMITS);
}

function replicating(match = 10): Progress {
  const peer = probing(match + 1);
  peer.accepted(match, FIRST);
  return peer;
}

describe('a peer that is probed', () => {
  test('gets one append, even an empty one, and then nothing until it answers', () => {
    const peer = probing();
    expect(peer.isDue(10)).toBe(true);
    peer.sent(0, 0, 0);
    expect([peer.isPaused, peer.isDue(99), peer.next]).toEqual([true, false, 11]);
  });

  test('goes back as far as its answer hints, and not behind what it has', () => {
    const peer = probing();
    peer.sent(1, 1, 0);
    expect(peer.rejected(10, 6)).toBe(true);
    expect([peer.next, peer.isPaused]).toEqual([7, false]);
    peer.sent(1, 1, 0);
    expect(peer.rejected(6, 30)).toBe(true);
    expect(peer.next).toBe(6);
    peer.accepted(3, FIRST);
    peer.probe();
    peer.sent(1, 1, 0);
    expect(peer.rejected(3, 0)).toBe(true);
    expect(peer.next).toBe(4);
  });

  test('does not go back for the answer to another probe', () => {
    const peer = probing();
    peer.sent(1, 1, 0);
    expect(peer.rejected(9, 2)).toBe(false);
    expect([peer.next, peer.isPaused]).toEqual([11, true]);
  });

  test('replicates once it accepts', () => {
    const peer = probing();
    peer.sent(1, 1, 0);
    peer.accepted(11, FIRST);
    expect([peer.state, peer.match, peer.next]).toEqual(['replicate', 11, 12]);
  });

  test('replicates when it confirms what was known, but not by an older answer', () => {
    const peer = replicating();
    peer.probe();
    peer.sent(0, 0, 0);
    peer.accepted(9, FIRST);
    expect([peer.state, peer.match]).toEqual(['probe', 10]);
    peer.accepted(10, FIRST);
    expect(peer.state).toBe('replicate');
  });

  test('is asked again after a heartbeat', () => {
    const peer = probing();
    peer.sent(0, 0, 0);
    peer.tick(1);
    expect(peer.recentlyActive).toBe(false);
    peer.heard(10);
    expect([peer.isDue(10), peer.recentlyActive]).toEqual([true, true]);
  });
});

describe('a peer that replicates', () => {
  test('is sent on before it answers, until its window is full', () => {
    const peer = replicating();
    peer.sent(2, 10, 0);
    expect([peer.next, peer.match, peer.isPaused]).toEqual([13, 10, false]);
    peer.sent(1, 10, 0);
    expect([peer.isPaused, peer.isDue(99)]).toEqual([true, false]);
    peer.accepted(12, FIRST);
    expect([peer.isPaused, peer.inflightMessages, peer.inflightBytes]).toEqual([false, 1, 10]);
    peer.sent(1, 100, 0);
    expect(peer.isPaused).toBe(true);
  });

  test('is probed from the last known entry when it misses something', () => {
    const peer = replicating();
    peer.sent(3, 10, 0);
    expect(peer.rejected(13, 11)).toBe(true);
    expect([peer.state, peer.next, peer.inflightMessages]).toEqual(['probe', 11, 0]);
  });

  test('ignores a rejection of what it accepted since', () => {
    const peer = replicating();
    expect(peer.rejected(10, 3)).toBe(false);
    expect([peer.state, peer.next]).toEqual(['replicate', 11]);
  });

  test('is told a new commit index once, and only one that it can use', () => {
    const peer = replicating();
    expect(peer.untoldCommit(5)).toBe(5);
    peer.told(5);
    expect(peer.untoldCommit(5)).toBeUndefined();
    peer.sent(2, 10, 6);
    expect(peer.untoldCommit(6)).toBeUndefined();
    expect(peer.untoldCommit(12)).toBe(10);
    peer.accepted(12, FIRST);
    expect(peer.untoldCommit(12)).toBe(12);
    peer.probe();
    expect(peer.untoldCommit(12)).toBeUndefined();
  });

  test('gets one empty append in a full window after a heartbeat, if something is not acknowledged', () => {
    const peer = replicating();
    peer.sent(1, 10, 0);
    peer.sent(1, 10, 0);
    peer.heard(12);
    expect([peer.isPaused, peer.isDue(12)]).toEqual([true, true]);
    peer.sent(0, 0, 0);
    expect(peer.isDue(12)).toBe(false);
    peer.accepted(12, FIRST);
    peer.heard(12);
    expect(peer.isDue(12)).toBe(false);
  });

  test('never comes back behind what it acknowledged', () => {
    const peer = replicating();
    peer.accepted(4, FIRST);
    expect([peer.match, peer.next]).toEqual([10, 11]);
  });
});

describe('a peer that takes a snapshot', () => {
  test('is sent nothing, whatever it answers to older messages', () => {
    const peer = replicating();
    peer.sent(1, 9, 0);
    peer.expectSnapshot(40);
    peer.heard(60);
    expect([peer.isDue(60), peer.isPaused, peer.inflightBytes]).toEqual([false, true, 0]);
    expect(peer.rejected(11, 2)).toBe(false);
    peer.accepted(11, 41);
    expect([peer.state, peer.match, peer.pendingSnapshot]).toEqual(['snapshot', 11, 40]);
    expect(() => peer.sent(1, 1, 0)).toThrow('sent no entries');
  });

  test('goes on as soon as the log reaches it, even by another snapshot', () => {
    const peer = probing();
    peer.expectSnapshot(40);
    peer.accepted(52, 41);
    expect([peer.state, peer.next, peer.pendingSnapshot]).toEqual(['replicate', 53, 0]);
  });

  test('is probed behind a snapshot that was sent, once it is heard', () => {
    const peer = probing();
    peer.expectSnapshot(40);
    peer.snapshotEnded(45);
    expect([peer.state, peer.next, peer.isDue(60)]).toEqual(['probe', 46, false]);
    peer.heard(60);
    expect(peer.isDue(60)).toBe(true);
  });

  test('is not taken back by an old answer after a snapshot was sent', () => {
    const peer = replicating();
    peer.expectSnapshot(40);
    peer.snapshotEnded(45);
    peer.accepted(10, 41);
    expect([peer.state, peer.next]).toEqual(['probe', 46]);
  });

  test('is probed from where it was when the snapshot failed, after a pause', () => {
    const peer = replicating();
    peer.expectSnapshot(40);
    peer.snapshotEnded(0);
    expect([peer.state, peer.next, peer.isDue(60)]).toEqual(['probe', 11, false]);
    expect(() => peer.snapshotEnded(0)).toThrow('that was begun');
  });
});
