import type {
  GroupId,
  GroupLog,
  GroupWrite,
  LogStorage,
} from '../../../src/raft/log/log-storage.ts';
import type { ReplicaId } from '../../../src/raft/core/configuration.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';

/** Who writes in a batch. */
type Batch = readonly { readonly group: GroupId; readonly replica: ReplicaId }[];

/** A node's log; what is written, and what is durable, goes into the ledger. */
export class ObservedLog implements LogStorage {
  readonly #log: LogStorage;
  readonly #ledger: ClusterLedger;
  /** Not known to be durable, in order. */
  readonly #batches: Batch[] = [];

  constructor(log: LogStorage, ledger: ClusterLedger) {
    this.#log = log;
    this.#ledger = ledger;
  }

  get groups(): readonly GroupLog[] {
    return this.#log.groups;
  }

  get usage(): LogStorage['usage'] {
    return this.#log.usage;
  }

  group(group: GroupId): GroupLog | undefined {
    return this.#log.group(group);
  }

  async append(writes: readonly GroupWrite[], options: { readonly sync: boolean }): Promise<void> {
    const batch = writes.map(({ group, create }) => ({
      group,
      replica: create ?? this.#log.group(group)?.replica ?? 0,
    }));
    this.#batches.push(batch);
    for (const [at, write] of writes.entries()) {
      this.#ledger.wrote(batch[at]?.replica ?? 0, write);
    }
    await this.#log.append(writes, options);
    if (options.sync) this.#acknowledge(batch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]();
  }

  /** With this batch, all before it are durable. */
  #acknowledge(batch: Batch): void {
    const count = this.#batches.indexOf(batch) + 1;
    for (const writes of this.#batches.splice(0, count)) {
      for (const { group, replica } of writes) this.#ledger.acknowledged(group, replica, 1);
    }
  }
}
