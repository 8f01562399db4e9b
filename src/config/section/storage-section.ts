import { Type } from 'typebox';
import { booleanSetting, integerSetting } from './setting-options.ts';

const MEBIBYTE = 1024 * 1024;

/** `[storage]`: disk and memory. */
export const STORAGE_SECTION = Type.Object(
  {
    compressionEnabled: booleanSetting({
      default: true,
      description: 'Whether tables on disk are compressed.',
    }),
    cacheSizeMb: integerSetting(1, 1_048_576, {
      default: 1024,
      description: 'MiB of the block cache, shared by all shards.',
    }),
    writeBufferSizeMb: integerSetting(1, 65_536, {
      default: 128,
      description: 'MiB of writes kept in memory before they become a table, shared by all shards.',
    }),
    memoryLimitBytes: integerSetting(0, Number.MAX_SAFE_INTEGER, {
      default: 0,
      description:
        'Bytes of memory above which writes are refused. 0: 80 % of what the machine or container has.',
    }),
    minFreeDiskBytes: integerSetting(0, Number.MAX_SAFE_INTEGER, {
      default: 256 * MEBIBYTE,
      description: 'Free bytes of the disk below which writes are refused.',
    }),
  },
  { description: 'Disk and memory.' },
);
