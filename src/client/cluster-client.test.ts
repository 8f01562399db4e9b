import { describe, expect, test } from 'vitest';
import { EagerClock } from '../../test/support/client/eager-clock.ts';
import {
  fails,
  ScriptedCluster,
  ScriptedEndpoint,
  type Step,
} from '../../test/support/client/scripted-endpoint.ts';
import { seededRandom } from '../base/random.ts';
import { ClusterClient, type ClusterClientOptions } from './cluster-client.ts';

const POINT = { id: 'a', vector: [1, 2] };

function setUp(count: number, options: Partial<ClusterClientOptions> = {}) {
  const cluster = new ScriptedCluster();
  const clock = new EagerClock();
  const names = Array.from({ length: count }, (_, i) => `n${i}`);
  const endpoints = names.map((name) => new ScriptedEndpoint(name, cluster));
  const client = new ClusterClient({
    endpoints: names,
    clock,
    random: seededRandom(7),
    connect: (url) => endpoints[names.indexOf(url)] as ScriptedEndpoint,
    ...options,
  });
  /** Every endpoint has the same script. */
  const all = (...steps: Step[]): void => {
    for (const endpoint of endpoints) endpoint.script.push(...steps);
  };
  const seen = (kind: string): number[] =>
    endpoints.map((endpoint) => endpoint.seen.filter((each) => each.kind === kind).length);
  const stamps = (kind: string) =>
    endpoints.flatMap((each) => each.seen.filter((one) => one.kind === kind).map((s) => s.stamp));
  return { cluster, clock, endpoints, client, all, seen, stamps };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('where requests go', () => {
  test('writes stay with one endpoint, reads go to all', async () => {
    const { client, seen } = setUp(3);
    for (let i = 0; i < 30; i += 1) {
      await client.upsert([POINT]);
      await client.count();
    }
    expect(seen('upsert').toSorted((a, b) => a - b)).toEqual([0, 0, 30]);
    expect(Math.min(...seen('count'))).toBeGreaterThan(2);
  });

  test('writes move on from an endpoint that fails, and stay there', async () => {
    const { client, endpoints, seen } = setUp(3);
    await client.upsert([POINT]);
    const first = endpoints[seen('upsert').indexOf(1)] as ScriptedEndpoint;
    first.isReady = false;
    first.script.push(fails('unsent', 'UNAVAILABLE'));
    for (let i = 0; i < 10; i += 1) await client.upsert([POINT]);
    expect(first.seen.filter(({ kind }) => kind === 'upsert')).toHaveLength(2);
    expect(seen('upsert').toSorted((a, b) => a - b)).toEqual([0, 2, 10]);
  });

  test('reads avoid an endpoint that has much to do', async () => {
    const { client, endpoints, seen } = setUp(2);
    const held = Promise.withResolvers<void>();
    for (const endpoint of endpoints) endpoint.gate = held.promise;
    const stuck = client.count();
    while (sum(seen('count')) === 0) await new Promise(setImmediate);
    const busy = seen('count').indexOf(1);
    const other = endpoints[1 - busy] as ScriptedEndpoint;
    other.gate = undefined;
    for (let i = 0; i < 10; i += 1) await client.count();
    expect(seen('count')[busy]).toBe(1);
    held.resolve();
    await stuck;
  });
});

describe('a read', () => {
  test.each([
    fails('unsent', 'UNAVAILABLE'),
    fails('unanswered', 'UNAVAILABLE'),
    fails('unanswered', 'DEADLINE_EXCEEDED'),
    fails('answered', 'NOT_READY'),
    fails('answered', 'UNAVAILABLE'),
    fails('answered', 'OVERLOADED'),
    fails('answered', 'SHUTTING_DOWN'),
  ])('that failed by $kind $error.code is answered by another endpoint', async (failure) => {
    const { client, all, seen } = setUp(2);
    all(failure);
    expect(await client.count()).toEqual({ count: 7 });
    expect(sum(seen('count'))).toBeGreaterThan(1);
  });

  test.each(['INVALID_ARGUMENT', 'COLLECTION_NOT_FOUND', 'UNAUTHENTICATED', 'INTERNAL'] as const)(
    'that ended with %s is not asked again',
    async (code) => {
      const { client, all, seen } = setUp(3);
      all(fails('answered', code));
      await expect(client.count()).rejects.toMatchObject({ code });
      expect(sum(seen('count'))).toBe(1);
    },
  );

  test('ends with the last failure when the time is up', async () => {
    const { client, all, clock, seen } = setUp(2);
    all(...Array.from({ length: 500 }, () => fails('unsent', 'UNAVAILABLE')));
    await expect(client.count({}, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(clock.monotonicMs()).toBeLessThanOrEqual(5_000);
    expect(sum(seen('count'))).toBeLessThan(40);
  });

  test('asks all endpoints once before it waits, and again after each wait', async () => {
    const { client, all, clock, seen } = setUp(3);
    all(fails('answered', 'UNAVAILABLE'), fails('answered', 'UNAVAILABLE'));
    await client.count();
    expect(sum(seen('count'))).toBe(7);
    // Two waits, of at most 25 and 50 ms.
    expect(clock.monotonicMs()).toBeLessThanOrEqual(75);
  });

  test('does not go from a node that has too much to do to the next one at once', async () => {
    const { client, all, seen } = setUp(2);
    all(fails('answered', 'OVERLOADED', { retryAfterMs: 3_000 }));
    const hasty = client.count({}, { timeoutMs: 100 });
    await expect(hasty).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(sum(seen('count'))).toBe(1);
  });

  test('waits for as long as a node asks for', async () => {
    const { client, all, clock } = setUp(1);
    all(fails('answered', 'OVERLOADED', { retryAfterMs: 3_000 }));
    await client.count();
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(3_000);
  });

  test('has a bound for each attempt, and one for all of them', async () => {
    const { client, endpoints } = setUp(1, { attemptTimeoutMs: 700 });
    await client.count();
    await client.count({}, { timeoutMs: 50 });
    expect(endpoints[0]?.timeouts).toEqual([700, 50]);
  });

  test('is not asked again once it was given up', async () => {
    const { client, all, seen } = setUp(2);
    const stop = new AbortController();
    stop.abort();
    all(fails('unanswered', 'CANCELLED'));
    await expect(client.count({}, { signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(sum(seen('count'))).toBe(1);
  });
});

describe('a write of points by their ids', () => {
  test.each(['upsert', 'delete', 'setPayload', 'overwritePayload'] as const)(
    '%s is applied once, though its answer is lost again and again',
    async (kind) => {
      const { client, cluster, all, stamps } = setUp(3);
      await client.upsert([POINT]);
      cluster.applied.length = 0;
      all('lose', 'lose');
      const ids = { ids: ['a'] };
      const work = {
        upsert: () => client.upsert([POINT, { ...POINT, id: 'b' }]),
        delete: () => client.delete(ids),
        setPayload: () => client.setPayload(ids, { x: 1 }),
        overwritePayload: () => client.overwritePayload(ids, { x: 1 }),
      };
      expect(await work[kind]()).toEqual({ changed: 1 });
      expect(cluster.applied).toEqual([kind]);
      const sent = stamps(kind).filter((stamp) => stamp?.sequence === 2);
      expect(sent.length).toBeGreaterThan(3);
      expect(new Set(sent.map((stamp) => `${stamp?.session} ${stamp?.respondedUpTo}`)).size).toBe(
        1,
      );
    },
  );

  test('tells the nodes up to which write it has answers', async () => {
    const { client, endpoints, stamps } = setUp(1);
    const [endpoint] = endpoints as [ScriptedEndpoint];
    await client.upsert([POINT]);
    const held = Promise.withResolvers<void>();
    endpoint.gate = held.promise;
    const both = [client.upsert([POINT]), client.upsert([POINT])];
    held.resolve();
    await Promise.all(both);
    await client.upsert([POINT]);
    expect(stamps('upsert').map((each) => [each?.sequence, each?.respondedUpTo])).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 3],
    ]);
  });

  test('opens one session for all that begin at once, and one more where a write hangs for long', async () => {
    const { client, endpoints, seen } = setUp(1);
    const [endpoint] = endpoints as [ScriptedEndpoint];
    await Promise.all([client.upsert([POINT]), client.upsert([POINT]), client.upsert([POINT])]);
    expect(seen('openSession')).toEqual([1]);
    const held = Promise.withResolvers<void>();
    endpoint.gate = held.promise;
    const hangs = client.upsert([POINT]);
    while (endpoint.seen.length < 5) await new Promise(setImmediate);
    endpoint.gate = undefined;
    for (let i = 0; i < 600; i += 1) await client.upsert([POINT]);
    expect(seen('openSession')).toEqual([2]);
    held.resolve();
    expect(await hangs).toEqual({ changed: 1 });
  });

  test('is sent under another number where its collection was made anew under it', async () => {
    const { client, endpoints, seen, stamps } = setUp(1);
    await client.upsert([POINT]);
    endpoints[0]?.script.push(fails('answered', 'COLLECTION_NOT_FOUND', { field: 'sequence' }));
    expect(await client.upsert([POINT])).toEqual({ changed: 1 });
    expect(stamps('upsert').map((each) => each?.sequence)).toEqual([1, 2, 3]);
    expect(seen('openSession')).toEqual([1]);
    endpoints[0]?.script.push(fails('answered', 'COLLECTION_NOT_FOUND', { field: 'collection' }));
    await expect(client.upsert([POINT])).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    expect(stamps('upsert')).toHaveLength(4);
  });

  test('opens another session after a long rest', async () => {
    const { client, clock, seen } = setUp(1);
    await client.upsert([POINT]);
    clock.advance(601_000);
    await client.upsert([POINT]);
    expect(seen('openSession')).toEqual([2]);
  });

  test('goes on with another session where the first is no good and nothing was done', async () => {
    const { client, cluster, endpoints, stamps } = setUp(1);
    await client.upsert([POINT]);
    endpoints[0]?.script.push(fails('answered', 'FAILED_PRECONDITION', { field: 'session' }));
    expect(await client.upsert([POINT])).toEqual({ changed: 1 });
    expect(stamps('upsert').map((stamp) => stamp?.session)).toEqual(['s1', 's1', 's2']);
    expect(cluster.applied).toHaveLength(2);
  });

  test('does not trust a session that was no good after an attempt that may have been applied', async () => {
    const { client, cluster, endpoints } = setUp(1);
    await client.upsert([POINT]);
    endpoints[0]?.script.push(
      'lose',
      fails('answered', 'FAILED_PRECONDITION', { field: 'session' }),
    );
    await expect(client.upsert([POINT])).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(cluster.applied).toHaveLength(2);
    expect(await client.upsert([POINT])).toEqual({ changed: 1 });
  });

  test('ends with OUTCOME_UNKNOWN where its session is forgotten; the next write has another one', async () => {
    const { client, cluster, seen } = setUp(2);
    await client.upsert([POINT]);
    cluster.forgetSessions();
    await expect(client.upsert([POINT])).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(cluster.applied).toHaveLength(1);
    expect(await client.upsert([POINT])).toEqual({ changed: 1 });
    expect(sum(seen('openSession'))).toBe(2);
  });

  test('ends with OUTCOME_UNKNOWN where no answer came until the time was up', async () => {
    const { client, cluster, all } = setUp(2);
    await client.upsert([POINT]);
    all(...Array.from({ length: 300 }, () => 'lose' as const));
    await expect(client.upsert([POINT], { timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(cluster.applied).toHaveLength(2);
  });

  test('ends with what a node said where nothing can have been applied', async () => {
    const { client, all } = setUp(2);
    await client.upsert([POINT]);
    all(...Array.from({ length: 300 }, () => fails('answered', 'MEMORY_LIMIT')));
    await expect(client.upsert([POINT], { timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'MEMORY_LIMIT',
    });
  });

  test('ends in time where no session can be opened', async () => {
    const { client, endpoints } = setUp(1);
    const held = Promise.withResolvers<void>();
    (endpoints[0] as ScriptedEndpoint).gate = held.promise;
    await expect(client.upsert([POINT], { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    held.resolve();
  });
});

describe('a write without a session', () => {
  const ways = [
    ['by a filter', true, (client: ClusterClient) => client.delete({ filter: {} })],
    ['of a cluster that keeps none', false, (client: ClusterClient) => client.upsert([POINT])],
  ] as const;

  test.each(ways)(
    '%s is not sent again where it may have been applied',
    async (_, keeps, write) => {
      const { client, cluster, all } = setUp(3);
      cluster.keepsSessions = keeps;
      await client.upsert([POINT]);
      cluster.applied.length = 0;
      all('lose');
      await expect(write(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(cluster.applied).toHaveLength(1);
    },
  );

  test.each(ways)(
    '%s has no stamp, and is sent again where nobody got it',
    async (_, keeps, write) => {
      const { client, cluster, all, stamps } = setUp(2);
      cluster.keepsSessions = keeps;
      await client.count();
      if (!keeps) await client.upsert([POINT]);
      all(fails('unsent', 'UNAVAILABLE'));
      expect(await write(client)).toEqual({ changed: 1 });
      expect([...stamps('upsert'), ...stamps('delete')].every((stamp) => stamp === undefined)).toBe(
        true,
      );
    },
  );

  test('of one point is sent again where a node did not begin it, of several it is not', async () => {
    const { client, cluster, all } = setUp(2);
    cluster.keepsSessions = false;
    await client.upsert([POINT]);
    all(fails('answered', 'OVERLOADED'));
    expect(await client.upsert([POINT])).toEqual({ changed: 1 });
    all(fails('answered', 'OVERLOADED'));
    const several = client.upsert([POINT, { ...POINT, id: 'b' }]);
    await expect(several).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  test('has all the time there is for its one attempt', async () => {
    const { client, endpoints } = setUp(1, { attemptTimeoutMs: 10 });
    await client.delete({ filter: {} }, { timeoutMs: 9_000 });
    expect(endpoints[0]?.timeouts).toEqual([9_000]);
  });
});

describe('an endpoint that fails', () => {
  test('gets no more requests until a probe finds it ready', async () => {
    const { client, endpoints } = setUp(2);
    const [bad] = endpoints as [ScriptedEndpoint, ScriptedEndpoint];
    bad.isReady = false;
    bad.script.push(fails('answered', 'NOT_READY'));
    while (bad.seen.length === 0) await client.count();
    for (let i = 0; i < 20; i += 1) await client.count();
    expect(bad.seen).toHaveLength(1);
    while (bad.probes < 3) await new Promise(setImmediate);
    bad.isReady = true;
    const probes = bad.probes;
    while (bad.probes === probes) await new Promise(setImmediate);
    await new Promise(setImmediate);
    for (let i = 0; i < 20; i += 1) await client.count();
    expect(bad.seen.length).toBeGreaterThan(1);
  });

  test('is asked all the same where there is no other', async () => {
    const { client, endpoints } = setUp(1);
    const [only] = endpoints as [ScriptedEndpoint];
    only.isReady = false;
    only.script.push(fails('unsent', 'UNAVAILABLE'), fails('unsent', 'UNAVAILABLE'));
    expect(await client.count()).toEqual({ count: 7 });
  });

  test('may be slow now and then, not three times in a row', async () => {
    const { client, endpoints } = setUp(1);
    const [only] = endpoints as [ScriptedEndpoint];
    const late = fails('unanswered', 'DEADLINE_EXCEEDED');
    only.script.push(late, late);
    await client.count();
    for (let i = 0; i < 5; i += 1) {
      only.script.push(late);
      await client.count();
    }
    for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
    expect(only.probes).toBe(0);
    only.script.push(late, late, late);
    await client.count();
    while (only.probes === 0) await new Promise(setImmediate);
  });

  test('is closed with the client, and looked at no more', async () => {
    const { client, endpoints } = setUp(1);
    const [only] = endpoints as [ScriptedEndpoint];
    only.isReady = false;
    only.script.push(fails('unsent', 'UNAVAILABLE'));
    await client.count();
    client[Symbol.dispose]();
    expect(only.isClosed).toBe(true);
    const { probes } = only;
    for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
    expect(only.probes).toBeLessThanOrEqual(probes + 1);
  });
});

test.each([
  [[], 'there are none'],
  [['localhost:6333'], 'is not http(s)://host:port'],
  [['ftp://a:1'], 'is not http(s)://host:port'],
  [['http://a:1/path'], 'is not http(s)://host:port'],
])('the endpoints %j are refused', (endpoints, why) => {
  expect(() => new ClusterClient({ endpoints })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(why) }),
  );
});
