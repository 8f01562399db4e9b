import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { MemoryNetwork } from '../../raft/transport/memory-network.ts';
import { type NodeCallHandlers, NodeCallServer } from './node-call-server.ts';
import { NodeCalls } from './node-calls.ts';

/** Two nodes; what is deferred runs by itself. */
function twoNodes(handlers: NodeCallHandlers) {
  const clock = new HandClock();
  const network = new MemoryNetwork({ clock, defer: (callback) => setImmediate(callback) });
  const [one, two] = [1, 2].map((node) => {
    const transport = network.transport(node);
    const server = new NodeCallServer(handlers);
    server.serve(transport);
    return { transport, calls: new NodeCalls({ transport, server, clock }) };
  }) as [Side, Side];
  return { clock, one, two };
}

type Side = {
  readonly transport: ReturnType<MemoryNetwork['transport']>;
  readonly calls: NodeCalls;
};

const version = { kind: 'awaitCatalog', version: 3 } as const;

describe.each([
  ['another node', 2],
  ['the own node', 1],
])('a call of %s', (_, to) => {
  test('is answered by the handler of its kind', async () => {
    const { one } = twoNodes({
      awaitCatalog: async (call, { from }) => ({ version: call.version * 10 + from }),
    });
    expect(await one.calls.call(to, version, { timeoutMs: 1_000 })).toEqual({ version: 31 });
    expect(one.transport.statistics.callsSent).toBe(to === 1 ? 0 : 1);
  });

  test('ends with what the handler throws, or with NOT_READY where there is none', async () => {
    const { one } = twoNodes({
      awaitCatalog: async () => {
        throw new VectorDbError('NOT_LEADER', 'ask node 5', { leaderNode: 5 });
      },
    });
    const refused = one.calls.call(to, version, { timeoutMs: 1_000 });
    await expect(refused).rejects.toMatchObject({ code: 'NOT_LEADER', leaderNode: 5 });
    const unanswered = one.calls.call(to, { kind: 'report' }, { timeoutMs: 1_000 });
    await expect(unanswered).rejects.toMatchObject({ code: 'NOT_READY' });
  });

  test('that is not answered in time fails, and its handler is told', async () => {
    let given: AbortSignal | undefined;
    const called = Promise.withResolvers<void>();
    const { one, clock } = twoNodes({
      awaitCatalog: (_call, { signal }) => {
        given = signal;
        called.resolve();
        return new Promise(() => {});
      },
    });
    const late = one.calls.call(to, version, { timeoutMs: 1_000 });
    await called.promise;
    clock.pass(1_000);
    await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(given?.aborted).toBe(true);
  });

  test('that is given up fails at once', async () => {
    const { one } = twoNodes({ awaitCatalog: () => new Promise(() => {}) });
    const signal = AbortSignal.abort();
    const cancelled = one.calls.call(to, version, { timeoutMs: 1_000, signal });
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    const given = new AbortController();
    const later = one.calls.call(to, version, { timeoutMs: 1_000, signal: given.signal });
    given.abort();
    await expect(later).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('bytes that are no call are answered with the reason', async () => {
  const { one, two } = twoNodes({});
  const answer = await one.transport.call(2, Uint8Array.of(1, 2, 3), { timeoutMs: 1_000 });
  expect(Buffer.from(answer).toString('latin1')).toContain('DATA_CORRUPT');
  expect(two.transport.node).toBe(2);
});
