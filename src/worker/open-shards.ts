import { LevelStore } from '../storage/level-store.ts';
import type { ShardFolders } from './thread-data.ts';

/** Opens each shard's LevelDB; every thread of the process may, and they share one handle. */
export async function openShardStores(folders: ShardFolders): Promise<LevelStore[]> {
  const { paths, compression, cacheBytes, writeBufferBytes } = folders;
  return Promise.all(
    paths.map((path) =>
      LevelStore.open({ path, compression, cacheBytes, writeBufferBytes, shared: true }),
    ),
  );
}
