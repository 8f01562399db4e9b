import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { NodePort } from '../../../src/raft/transport/transport.ts';
import { describeNodePort } from '../../contracts/node-port.contract.ts';
import { EventQueue } from './event-queue.ts';
import { RandomStreams } from './random-streams.ts';
import { CALM_LINKS, direction, type LinkOptions, SimulatedLinks } from './simulated-links.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { type ChunkOptions, SimulatedNetwork } from './simulated-transport.ts';

/** A simulated network of some machines. */
function newNetwork(options: LinkOptions = CALM_LINKS, resetChance = 0) {
  const queue = new EventQueue();
  const streams = new RandomStreams(7);
  const links = new SimulatedLinks(queue, streams.stream('links'), options);
  const chunks: ChunkOptions = { resetChance, timeoutMs: 1000 };
  const ledger = { sent: () => {} };
  const network = new SimulatedNetwork(queue, links, streams.stream('chunks'), ledger, chunks);
  return { queue, links, network };
}

/** Lets simulated time pass with the turns of the event loop, one millisecond each, until it is told to stop. */
async function passTime(queue: EventQueue, isOver: () => boolean): Promise<void> {
  const time = { ticks: 0 };
  const tick = (): void => {
    time.ticks += 1;
    if (!isOver()) queue.schedule(1, 'tick', tick);
  };
  tick();
  while (!isOver()) {
    const next = time.ticks + 1;
    while (time.ticks < next) queue.runNext();
    await setImmediate();
  }
}

describeNodePort('a simulated port', () => {
  const { queue, network } = newNetwork({ ...CALM_LINKS, capacity: 10_000 });
  const addresses = new Map<number, string>();
  let machines = 0;
  let isOver = false;
  const time = passTime(queue, () => isOver);
  return {
    open: ({ token = 'a secret' } = {}) => {
      machines += 1;
      const process = new SimulatedProcess(machines, queue, () => {});
      const address = `machine-${machines}:7000`;
      return Promise.resolve({ port: network.port(process, address, { token }), address });
    },
    join: ({ port, address }, node, cluster = 'a cluster') => {
      addresses.set(node, address);
      return port.join({ node, cluster, addressOf: (other) => addresses.get(other) });
    },
    [Symbol.asyncDispose]: () => {
      isOver = true;
      return time;
    },
  };
});

describe('calls over simulated links', () => {
  const request = Uint8Array.of(1, 2, 3);

  /** Two machines whose nodes are members; what became of the calls of the first one. */
  function pair(options: LinkOptions = CALM_LINKS, resetChance = 0) {
    const world = newNetwork(options, resetChance);
    const processes = [1, 2].map((each) => new SimulatedProcess(each, world.queue, () => {}));
    const [one, two] = processes.map((process) => world.network.transport(process));
    if (one === undefined || two === undefined) throw new Error('there are two');
    const ends: string[] = [];
    const call = (timeoutMs = 500): void => {
      one.call(2, request, { timeoutMs }).then(
        () => ends.push('answered'),
        (error: { code: string }) => ends.push(error.code),
      );
    };
    return { ...world, processes, one, two, ends, call };
  }

  test('arrive at most once however often their packets do, and fail where these get lost', async () => {
    const { queue, two, ends, call } = pair({
      ...CALM_LINKS,
      lossChance: 0.3,
      duplicateChance: 0.5,
      reorders: true,
    });
    let served = 0;
    two.serveCalls((_, bytes) => {
      served += 1;
      return Promise.resolve(bytes);
    });
    for (let count = 0; count < 200; count += 1) call();
    await passTime(queue, () => ends.length === 200);
    const answered = ends.filter((end) => end === 'answered').length;
    expect(ends.filter((end) => end === 'UNAVAILABLE')).toHaveLength(200 - answered);
    expect(served).toBeLessThan(200);
    // Some took effect, and their callers do not know.
    expect(answered).toBeGreaterThan(50);
    expect(answered).toBeLessThan(served);
  });

  test('fail when their connection breaks, before or after they took effect', async () => {
    const { queue, two, ends, call } = pair(CALM_LINKS, 0.3);
    let served = 0;
    two.serveCalls((_, bytes) => {
      served += 1;
      return Promise.resolve(bytes);
    });
    for (let count = 0; count < 100; count += 1) call(100_000);
    await passTime(queue, () => ends.length === 100);
    const answered = ends.filter((end) => end === 'answered').length;
    expect(answered).toBeGreaterThan(20);
    expect(answered).toBeLessThan(served);
    expect(served).toBeLessThan(100);
  });

  test('do not get through a partition, and fail at their deadline', async () => {
    const { queue, links, two, ends, call } = pair();
    two.serveCalls((_, bytes) => Promise.resolve(bytes));
    links.partition(new Set([direction(1, 2)]));
    for (let count = 0; count < 20; count += 1) call(300);
    await passTime(queue, () => ends.length === 20);
    expect(new Set(ends)).toEqual(new Set(['UNAVAILABLE']));
    expect(queue.nowMs).toBeGreaterThanOrEqual(300);
    links.heal();
    call();
    await passTime(queue, () => ends.length === 21);
    expect(ends.at(-1)).toBe('answered');
  });

  test('are not answered by a process that was killed, and their caller hears nothing once it is', async () => {
    const { queue, processes, two, ends, call } = pair();
    const [, second] = processes;
    two.serveCalls((_, bytes) => Promise.resolve(bytes));
    second?.kill();
    call(200);
    await passTime(queue, () => ends.length === 1);
    expect(ends).toEqual(['UNAVAILABLE']);
    call(200);
    processes[0]?.kill();
    const endMs = queue.nowMs + 500;
    await passTime(queue, () => queue.nowMs > endMs);
    expect(ends).toHaveLength(1);
  });

  test('find a node that came back on another machine, at the address that is told', async () => {
    const { queue, network } = newNetwork();
    const open = (machine: number): NodePort =>
      network.port(new SimulatedProcess(machine, queue, () => {}), `machine-${machine}`);
    const addresses = new Map([
      [1, 'machine-1'],
      [5, 'machine-2'],
    ]);
    const addressOf = (node: number): string | undefined => addresses.get(node);
    const one = open(1).join({ node: 1, cluster: 'c', addressOf });
    open(2).join({ node: 4, cluster: 'c', addressOf });
    const ends: string[] = [];
    const call = (): void => {
      one.call(5, request, { timeoutMs: 100 }).then(
        () => ends.push('answered'),
        (error: { code: string }) => ends.push(error.code),
      );
    };
    call();
    await passTime(queue, () => ends.length === 1);
    addresses.set(5, 'machine-3');
    open(3)
      .join({ node: 5, cluster: 'c', addressOf })
      .serveCalls((_, bytes) => Promise.resolve(bytes));
    call();
    await passTime(queue, () => ends.length === 2);
    expect(ends).toEqual(['UNAVAILABLE', 'answered']);
  });
});
