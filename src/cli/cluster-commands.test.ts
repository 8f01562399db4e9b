import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGrpcServer, type GrpcServer } from '../api/grpc/grpc-server.ts';
import type { Clock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { seededRandom } from '../base/random.ts';
import { DEFAULT_LIMITS } from '../database/limits.ts';
import { MOVE_UNDER_WAY, MemoryCluster } from '../../test/support/memory-cluster.ts';
import { MemoryDatabase } from '../../test/support/memory-database.ts';
import { runGrape } from './program.ts';

let cluster: MemoryCluster;
let server: GrpcServer;
let url: string;

beforeEach(async () => {
  cluster = new MemoryCluster();
  server = createGrpcServer({
    database: new MemoryDatabase(),
    cluster,
    limits: DEFAULT_LIMITS,
    defaultCollection: 'default',
    version: '1.2.3',
  });
  url = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
});
afterEach(() => server.close(0));

/** Time passes only when somebody waits: each wait is over at once, and tells. */
function waitingClock(onWait: () => void): Clock {
  return {
    monotonicMs: () => 0,
    wallMs: () => Date.now(),
    after(_delayMs, callback) {
      const handle = setImmediate(() => {
        onWait();
        callback();
      });
      return { cancel: () => clearImmediate(handle) };
    },
  };
}

async function grape(
  args: readonly string[],
  options: { columns?: number; onWait?: () => void; signal?: AbortSignal } = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runGrape(['cluster', ...args], {
    stdout: { columns: undefined, write: async (text) => void (out += text) },
    stderr: { columns: options.columns, write: async (text) => void (err += text) },
    env: { GRAPE_URL: url },
    clock: waitingClock(options.onWait ?? (() => undefined)),
    random: seededRandom(1),
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}

describe('grape cluster', () => {
  test('tells members, leader and health, with why', async () => {
    const { code, out } = await grape([]);
    expect(code).toBe(0);
    expect(out).toContain('health        yellow: node-3 is not heard of\n');
    expect(out).toContain('leader        node-2 (term 7)\n');
    expect(out).toMatch(/node-3 +down +member +node-3:7000/);
  });

  test('tells nodes as a table', async () => {
    const { out } = await grape(['nodes']);
    expect(out).toMatch(/node-1 +up +member +– +follower +2 +1 +1,000 +1\.9 MiB/);
    expect(out).toMatch(/node-3 +down +member .* – +1 h 00 min/);
  });

  test('tells shards as a table, and what is wrong with a replica', async () => {
    cluster.moves = [MOVE_UNDER_WAY];
    const { out } = await grape(['shards']);
    expect(out).toMatch(/0 +yellow +node-1 +node-1, node-2 \(1 behind\), node-3 \(unknown\)/);
    expect(out).toMatch(/1 +red +– .* 9\n/);
  });

  test('tells what moves, and how evenly all is spread', async () => {
    cluster.moves = [MOVE_UNDER_WAY];
    cluster.leaving.add('node-1');
    const { out } = await grape(['status']);
    expect(out).toContain('balanced      no\n');
    expect(out).toContain('leaving       node-1\n');
    expect(out).toContain('moves         1 under way, 2 to follow\n');
    expect(out).toContain(
      'shard 1: node-1 → node-3 (rebalance) adding 488 KiB of 977 KiB (50%), 40 entries behind, 1.5 s\n',
    );
  });

  test.each(['info', 'nodes', 'shards', 'status'])('%s writes JSON when asked', async (name) => {
    const { out } = await grape([name, '--json']);
    expect(() => JSON.parse(out) as unknown).not.toThrow();
    expect(out).not.toContain('"_');
  });

  test('takes a node in, lets it go and keeps it after all', async () => {
    const joined = await grape(['join', 'node-3', 'node-3:6334']);
    expect(joined.out).toBe('node-3 is in the cluster; replicas move to it\n');
    expect(cluster.joined).toEqual(['node-3:6334']);
    const left = await grape(['leave', 'node-3']);
    expect(left.out).toBe('node-3 is leaving, with 2 replicas to give up\n');
    const kept = await grape(['leave', 'node-3', '--cancel']);
    expect(kept.out).toBe('node-3 is a member, with 2 replicas\n');
    const stranger = await grape(['join', 'node-9']);
    expect([stranger.code, stranger.err]).toEqual([
      1,
      'grape: FAILED_PRECONDITION: node-9 has not joined\n',
    ]);
  });

  test('evens counts out, and stops', async () => {
    expect((await grape(['rebalance'])).out).toBe('replicas are being evened out\n');
    expect(cluster.rebalancing).toBe(true);
    expect((await grape(['rebalance', '--cancel'])).out).toBe('no further moves begin\n');
    expect(cluster.rebalancing).toBe(false);
  });
});

describe('--watch', () => {
  /** A move that goes on with every look, and ends. */
  function goOn(): () => void {
    const states = [
      { ...MOVE_UNDER_WAY, step: 'adding' as const, bytesSent: 900_000 },
      { ...MOVE_UNDER_WAY, step: 'switching' as const, bytesSent: 1_000_000 },
    ];
    cluster.moves = [MOVE_UNDER_WAY];
    return () => {
      const next = states.shift();
      cluster.moves = next === undefined ? [] : [next];
      if (next === undefined) cluster.rebalancing = false;
    };
  }

  test('tells in a line when a move begins, takes a step and ends, until nothing moves', async () => {
    const { code, err } = await grape(['rebalance', '--watch'], { onWait: goOn() });
    expect(code).toBe(0);
    const lines = err.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/\).*/, ')'))).toEqual([
      'shard 1: node-1 → node-3 (rebalance)',
      'shard 1: node-1 → node-3 (rebalance)',
      'shard 1: done',
    ]);
    expect(lines[1]).toContain('switching');
  });

  test('draws the same lines again on a terminal, none wider than it', async () => {
    const { err } = await grape(['status', '--watch'], { columns: 40, onWait: goOn() });
    expect(err).toContain('\x1b[2A\x1b[J');
    const shown = err
      .split('\x1b')
      .map((part) => part.replace(/^\[\d*[AJ]/, ''))
      .join('')
      .split('\n');
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(40);
    expect(shown).toContain('shard 1: done');
  });

  test('outlives an election', async () => {
    let looks = 0;
    const goes = goOn();
    const { code } = await grape(['rebalance', '--watch'], {
      onWait: () => {
        looks += 1;
        cluster.failure = looks < 3 ? new VectorDbError('UNAVAILABLE', 'no leader') : undefined;
        goes();
      },
    });
    expect(code).toBe(0);
    expect(looks).toBe(3);
  });

  test('is given up where nobody answers any more', async () => {
    cluster.moves = [MOVE_UNDER_WAY];
    const { code, err } = await grape(['status', '--watch'], {
      onWait: () => (cluster.failure = new VectorDbError('UNAVAILABLE', 'no leader')),
    });
    expect(code).toBe(1);
    expect(err).toContain('UNAVAILABLE: no leader');
  });

  test('ends when the user has seen enough', async () => {
    cluster.moves = [MOVE_UNDER_WAY];
    const stop = new AbortController();
    const { code } = await grape(['status', '--watch'], {
      onWait: () => stop.abort(),
      signal: stop.signal,
    });
    expect(code).toBe(1);
  });
});
