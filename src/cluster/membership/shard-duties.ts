import type { ShardCommand } from '../../sharding/shard-command.ts';
import { within } from './deadline.ts';
import type { DriverContext, DriverRound } from './driver-context.ts';

/** Epochs begin here: nobody can be behind it. */
const FIRST_EPOCH = 1;
const TIMEOUT_MS = 5_000;

/** What the cluster owes its shards besides moving them: fences where their replicas changed, and the sweeping of dropped collections. */
export class ShardDuties {
  readonly #context: DriverContext;
  #fenced = new Map<number, number>();
  /** Shards that were told, by collection. */
  #dropped = new Map<number, Set<number>>();

  constructor(context: DriverContext) {
    this.#context = context;
  }

  begin(): void {
    this.#fenced = new Map();
    this.#dropped = new Map();
  }

  pass(round: DriverRound): void {
    for (const [shard, { epoch }] of round.state.shards.entries()) {
      if (epoch > (this.#fenced.get(shard) ?? FIRST_EPOCH)) this.#fence(round, shard, epoch);
    }
    const { dropping } = round.state.collections;
    for (const number of this.#dropped.keys()) {
      if (!dropping.has(number)) this.#dropped.delete(number);
    }
    for (const number of dropping.keys()) this.#drop(round, number);
  }

  /** From here on, the shard refuses what was sent by a node that knows older replicas. */
  #fence(round: DriverRound, shard: number, epoch: number): void {
    this.#context.slots.begin(`fence ${shard}`, async () => {
      await this.#propose(round, shard, { kind: 'fence' });
      this.#fenced.set(shard, epoch);
    });
  }

  /** Each shard is told that the collection's points are gone; the catalog forgets it once no node has any. */
  #drop(round: DriverRound, collection: number): void {
    const { state, signal } = round;
    const { slots, propose } = this.#context;
    const told = this.#dropped.get(collection) ?? new Set();
    this.#dropped.set(collection, told);
    for (const shard of state.shards.keys()) {
      if (told.has(shard)) continue;
      slots.begin(`drop ${collection} in ${shard}`, async () => {
        await this.#propose(round, shard, { kind: 'drop', collection });
        told.add(shard);
      });
    }
    if (told.size < state.shards.length || !this.#isSwept(round, collection)) return;
    slots.begin(`forget ${collection}`, () =>
      propose(
        { kind: 'collections', command: { kind: 'forgetCollection', number: collection } },
        signal,
      ),
    );
  }

  /** Whether every node that has a replica says that nothing of the collection is left there. */
  #isSwept({ state }: DriverRound, collection: number): boolean {
    const holders = new Set([
      ...state.shards.flatMap(({ replicas }) => replicas.map(({ node }) => node)),
      ...[...state.moves.values()].flatMap(({ add }) => add?.node ?? []),
    ]);
    return [...holders].every((node) =>
      this.#context.collector.heard(node)?.report.swept.includes(collection),
    );
  }

  async #propose({ signal }: DriverRound, shard: number, command: ShardCommand): Promise<void> {
    const { clock, proposeToShard } = this.#context;
    await within(clock, TIMEOUT_MS, signal, (limited) => proposeToShard(shard, command, limited));
  }
}
