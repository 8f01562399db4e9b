import { describeStateMachine } from '../../../test/contracts/state-machine.contract.ts';
import { MemoryShardHolder } from '../../../test/support/cluster/memory-shard-holder.ts';
import { pointOf } from '../../../test/support/cluster/routing-cluster.ts';
import { ShardCommandCodec } from '../../sharding/shard-command-codec.ts';

const codec = new ShardCommandCodec();

describeStateMachine('a shard in memory', () => {
  const holder = new MemoryShardHolder();
  return {
    factory: holder.machines,
    crash: () => {
      const disks = holder.crash();
      return Promise.resolve(new MemoryShardHolder({ disks }).machines);
    },
    command: (number) => codec.encode({ kind: 'upsert', collection: 1, points: [pointOf(number)] }),
  };
});
