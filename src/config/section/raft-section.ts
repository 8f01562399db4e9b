import { Type } from 'typebox';
import { integerSetting } from './setting-options.ts';

/** `[raft]`: elections, log and snapshots. */
export const RAFT_SECTION = Type.Object(
  {
    electionTimeoutMs: integerSetting(10, 600_000, {
      default: 1000,
      description:
        'Milliseconds without word from a leader after which a node stands for election.',
    }),
    heartbeatIntervalMs: integerSetting(1, 60_000, {
      default: 250,
      description:
        "Milliseconds between a leader's heartbeats; at most half of the election timeout.",
    }),
    logCompactionThreshold: integerSetting(1, 1_000_000_000, {
      default: 10_000,
      description: 'Entries that the log keeps behind the last snapshot.',
    }),
    snapshotInterval: integerSetting(1, 1_000_000_000, {
      default: 1000,
      description: 'Entries applied between two looks at whether a snapshot is due.',
    }),
    maxAppendEntries: integerSetting(1, 100_000, {
      default: 100,
      description: 'Entries in one message to a follower.',
    }),
  },
  {
    description:
      'Elections, log and snapshots. Of a cluster, which this version does not serve: none of it has an effect.',
  },
);
