import { Type } from 'typebox';
import { integerSetting, textSetting } from './setting-options.ts';

/** `[raft]`: elections, log and snapshots. */
export const RAFT_SECTION = Type.Object(
  {
    electionTimeoutMs: integerSetting(10, 600_000, {
      default: 1000,
      description:
        'Milliseconds without word from a leader after which a node stands for election; each time up to twice as many, drawn by chance.',
    }),
    heartbeatIntervalMs: integerSetting(1, 60_000, {
      default: 250,
      description:
        "Milliseconds between a leader's heartbeats; at most half of the election timeout.",
    }),
    logCompactionThreshold: integerSetting(1, 1_000_000_000, {
      default: 10_000,
      description:
        'Entries that the log keeps behind what is applied and durable, for followers that come back; one that is further behind gets a snapshot.',
    }),
    snapshotInterval: integerSetting(1, 1_000_000_000, {
      default: 1000,
      description: 'Entries applied between two cuts of the log.',
    }),
    logBytesKept: integerSetting(65_536, 1_073_741_824, {
      default: 8_388_608,
      description:
        'Bytes of such entries that a log keeps at most: every start reads and checks the logs of all shards. Cut again after half as many.',
    }),
    maxAppendEntries: integerSetting(1, 100_000, {
      default: 100,
      description: 'Entries in one message to a follower.',
    }),
    tlsCertPath: textSetting({
      default: '',
      description:
        'PEM file with the certificate that this node shows other nodes; with `tls_key_path` and `tls_ca_path`, or none of them.',
    }),
    tlsKeyPath: textSetting({
      default: '',
      description: 'PEM file with the key of `tls_cert_path`.',
    }),
    tlsCaPath: textSetting({
      default: '',
      description:
        'PEM file with the authorities that sign certificates of nodes. Both sides of a connection show one.',
    }),
  },
  {
    description:
      'Elections, log and snapshots, and the encryption between nodes. The times are those of all groups: the catalog and every shard.',
  },
);
