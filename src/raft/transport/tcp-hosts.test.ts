import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { until } from '../../../test/support/raft/transport-inbox.ts';
import { encodeKeyValueCommand } from '../../../test/support/raft/host-key-value.ts';
import { MemoryMachines } from '../../../test/support/raft/host-memory-machine.ts';
import { must } from '../../base/assert.ts';
import { systemClock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { seededRandom } from '../../base/random.ts';
import { configurationOf } from '../core/configuration.ts';
import { RaftHost } from '../host/raft-host.ts';
import { replicaId } from '../host/replica-id.ts';
import { MemoryLog } from '../log/memory-log.ts';
import type { TcpTransport } from './tcp-transport.ts';

const GROUPS = [1, 2, 3];
const NODES = [1, 2, 3];

/** A node as it runs: host over TCP. */
interface RunningNode {
  readonly node: number;
  readonly host: RaftHost;
  readonly machines: MemoryMachines;
  readonly log: MemoryLog;
  readonly transport: TcpTransport;
}

describe('hosts over TCP', () => {
  let world: TcpWorld;
  let nodes: RunningNode[];

  async function start(
    node: number,
    log = new MemoryLog(),
    machines = new MemoryMachines(),
  ): Promise<RunningNode> {
    const transport = await world.start(node);
    const host = await RaftHost.open({
      clock: systemClock,
      random: seededRandom(node),
      log,
      transport,
      stateMachines: machines,
      defer: globalThis.setImmediate,
      limits: { tickMs: 5 },
      onFatal: (error) => {
        throw error;
      },
    });
    return { node, host, machines, log, transport };
  }

  async function stop({ host, transport }: RunningNode): Promise<void> {
    await host[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
  }

  beforeEach(async () => {
    world = new TcpWorld();
    nodes = await Promise.all(NODES.map((node) => start(node)));
    const configuration = configurationOf(NODES.map((node) => replicaId(node, 0)));
    for (const { node, host } of nodes) {
      for (const group of GROUPS) {
        await host.createGroup({ group, replica: replicaId(node, 0), configuration });
      }
    }
  });

  afterEach(async () => {
    await Promise.all(nodes.map(stop));
    await world[Symbol.asyncDispose]();
  });

  /** Proposes to one after the other until one took it: the leader. */
  async function set(group: number, key: string, value: string): Promise<void> {
    const command = encodeKeyValueCommand({ kind: 'set', key, value });
    for (let attempt = 0; ; attempt += 1) {
      const { host } = must(nodes[attempt % nodes.length], 'there are nodes');
      try {
        await host.propose(group, command);
        return;
      } catch (refusal) {
        expect(refusal).toBeInstanceOf(VectorDbError);
        await setImmediate();
      }
    }
  }

  test('agree in every group, go on without one of them, and take it back', async () => {
    for (const group of GROUPS) await set(group, 'a', `${group}`);
    const valueAt = ({ machines }: RunningNode, group: number, key: string) =>
      machines.machine(group)?.value(key);
    await until(() =>
      nodes.every((each) => GROUPS.every((group) => valueAt(each, group, 'a') === `${group}`)),
    );

    const gone = must(nodes.shift(), 'there are nodes');
    await stop(gone);
    for (const group of GROUPS) await set(group, 'b', `${group}`);

    const back = await start(
      gone.node,
      gone.log.reopen(),
      gone.machines.crash(() => 1),
    );
    nodes.push(back);
    await until(() => GROUPS.every((group) => valueAt(back, group, 'b') === `${group}`));
    expect(world.events.filter(({ event }) => event === 'rejected')).toEqual([]);
  });
});
