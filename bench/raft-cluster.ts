import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { configurationOf } from '../src/raft/core/configuration.ts';
import { type EntryId, LOG_START } from '../src/raft/core/entry.ts';
import { RaftHost } from '../src/raft/host/raft-host.ts';
import { replicaId } from '../src/raft/host/replica-id.ts';
import {
  type ApplyBatch,
  keptRows,
  type StateMachine,
  type StateMachineFactory,
} from '../src/raft/host/state-machine.ts';
import { nodeFileSystem } from '../src/raft/log/node-file-system.ts';
import { SegmentedLog } from '../src/raft/log/segmented-log.ts';
import { MemoryNetwork } from '../src/raft/transport/memory-network.ts';

/** Hosts of several nodes in this process: real logs on real files, frames encoded and decoded as on a network, but no network. */
export class RaftCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #stack: AsyncDisposableStack;
  readonly #hosts: readonly RaftHost[];
  readonly #leaders = new Map<number, RaftHost>();

  private constructor(folder: string, stack: AsyncDisposableStack, hosts: readonly RaftHost[]) {
    this.#folder = folder;
    this.#stack = stack;
    this.#hosts = hosts;
  }

  static async start(nodes: number, groups: number): Promise<RaftCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'grape-raft-'));
    const stack = new AsyncDisposableStack();
    const defer = (callback: () => void): void => void setImmediate(callback);
    const network = new MemoryNetwork({ defer });
    const hosts: RaftHost[] = [];
    for (let node = 1; node <= nodes; node += 1) {
      const log = await SegmentedLog.open({
        files: nodeFileSystem,
        folder: join(folder, String(node)),
        node,
        clock: systemClock,
        random: systemRandom,
      });
      stack.use(log);
      const host = await RaftHost.open({
        clock: systemClock,
        random: systemRandom,
        log,
        transport: stack.use(network.transport(node)),
        stateMachines: emptyMachines,
        defer,
        onFatal: (error) => {
          throw error;
        },
      });
      hosts.push(stack.use(host));
    }
    const cluster = new RaftCluster(folder, stack, hosts);
    for (let group = 0; group < groups; group += 1) await cluster.#createGroup(group);
    for (let group = 0; group < groups; group += 1) await cluster.#waitForLeader(group);
    return cluster;
  }

  /** Proposes to the group's leader and waits until its state machine has applied it. */
  async propose(group: number, command: Uint8Array): Promise<void> {
    await this.#leader(group).propose(group, command);
  }

  /** A linearizable read on a follower. */
  async read(group: number): Promise<void> {
    const leader = this.#leader(group);
    const follower = this.#hosts.find((host) => host !== leader) ?? leader;
    await follower.readBarrier(group);
  }

  /** Whether one exchange confirms the node's reads of all of these groups; nodes are numbered from 0. */
  async confirm(node: number, groups: readonly number[]): Promise<boolean> {
    return (await this.#host(node).unconfirmed(groups)).length === 0;
  }

  /** The same by a read index of each group. */
  async readAll(node: number, groups: readonly number[]): Promise<void> {
    await Promise.all(groups.map((group) => this.#host(node).readBarrier(group)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #createGroup(group: number): Promise<void> {
    const voters = this.#hosts.map((_, place) => replicaId(place + 1, 0));
    const configuration = configurationOf(voters);
    for (const [place, host] of this.#hosts.entries()) {
      const replica = voters[place] ?? 0;
      await host.createGroup({ group, replica, configuration });
    }
  }

  async #waitForLeader(group: number): Promise<void> {
    while (this.#leaders.get(group) === undefined) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
      const leader = this.#hosts.find((host) => leads(host, group));
      if (leader !== undefined) this.#leaders.set(group, leader);
    }
  }

  #host(node: number): RaftHost {
    return this.#hosts[node % this.#hosts.length] as RaftHost;
  }

  #leader(group: number): RaftHost {
    const leader = this.#leaders.get(group);
    if (leader === undefined) throw new RangeError(`there is no group ${group}`);
    return leader;
  }
}

function leads(host: RaftHost, group: number): boolean {
  const status = host.status(group);
  return status?.state === 'open' && status.raft.role === 'leader';
}

const NOTHING = new Uint8Array(0);

/** A state that keeps nothing of what it is given, so that all that is measured is Raft. */
class EmptyMachine implements StateMachine {
  applied: EntryId = LOG_START;
  readonly #rows = new Map<string, Uint8Array>();

  hostRows(): Promise<ReadonlyMap<string, Uint8Array>> {
    return Promise.resolve(this.#rows);
  }

  apply({ commands, last, rows }: ApplyBatch): Promise<readonly Uint8Array[]> {
    const results = commands.map(() => NOTHING);
    for (const { key, value } of keptRows(rows, results)) {
      if (value !== undefined) this.#rows.set(key, value);
    }
    this.applied = last;
    return Promise.resolve(results);
  }

  flush(): Promise<number> {
    return Promise.resolve(this.applied.index);
  }

  snapshot(): Promise<never> {
    return Promise.reject(new Error('no snapshots are taken here'));
  }

  stage(): Promise<never> {
    return this.snapshot();
  }

  activate(): Promise<never> {
    return this.snapshot();
  }

  digest(): Promise<string> {
    return Promise.resolve(String(this.applied.index));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const emptyMachines: StateMachineFactory = {
  open: () => Promise.resolve(new EmptyMachine()),
  destroy: () => Promise.resolve(),
};
