import { afterAll, beforeAll } from 'vitest';
import { describeStateMachine } from '../../test/contracts/state-machine.contract.ts';
import { localShards } from '../../test/support/local-shards.ts';
import { MemoryShardDisk } from '../../test/support/memory-shard-disk.ts';
import { upsert } from '../../test/support/shard-commands.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { StateMachineFactory } from '../raft/host/state-machine.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import { FolderShardDisk } from '../storage/folder-shard-disk.ts';
import type { ShardDisk } from '../storage/shard-disk.ts';

const codec = new ShardCommandCodec();
const command = (number: number): Uint8Array => codec.encode(upsert(7, { [number]: { number } }));

describeStateMachine('a shard in memory', () => {
  const disk = new MemoryShardDisk();
  return {
    factory: localShards(disk).factory,
    elsewhere: localShards(new MemoryShardDisk(), { seed: 2 }).factory,
    crash: async () => localShards(disk).factory,
    command,
  };
});

/** Opens the folder when it is first needed. */
function onFolder(path: string): StateMachineFactory & { close(): Promise<void> } {
  const settings = { compression: false, cacheBytes: 1 << 18, writeBufferBytes: 1 << 18 };
  const disk = (): Promise<ShardDisk> => FolderShardDisk.open(path, settings);
  let shards: ReturnType<typeof localShards> | undefined;
  const opened = async () => (shards ??= localShards(await disk()));
  return {
    open: async (group, generation) => (await opened()).factory.open(group, generation),
    destroy: async (group) => (await opened()).factory.destroy(group),
    close: async () => (await opened()).engine.close(),
  };
}

let folder: TemporaryFolder;
let folders = 0;
const toClose: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(async () => {
  for (const close of toClose) await close();
  await folder[Symbol.asyncDispose]();
});

describeStateMachine('a shard on disk', () => {
  folders += 1;
  const path = `${folder.path}/${folders}`;
  const first = onFolder(path);
  toClose.push(() => first.close());
  return {
    factory: first,
    elsewhere: localShards(new MemoryShardDisk(), { seed: 2 }).factory,
    // What was acknowledged was synced, and a file that is open can be opened once more only by its process: so it is closed.
    crash: async () => {
      await first.close();
      const next = onFolder(path);
      toClose.push(() => next.close());
      return next;
    },
    command,
  };
});
