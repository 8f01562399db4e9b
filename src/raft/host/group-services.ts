import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { DigestMismatch } from './digest-check.ts';
import type { GroupCommitter } from './group-committer.ts';
import type { NodeContact } from './node-contact.ts';
import type { Outbox } from './outbox.ts';
import type { RaftHostLimits } from './raft-host-limits.ts';
import type { Slots } from './slots.ts';
import type { SnapshotSender } from './snapshot-sender.ts';
import type { Schedulable } from './turn-scheduler.ts';

/** What a host gives to each of its groups. */
export interface GroupServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RaftHostLimits;
  readonly outbox: Outbox;
  readonly committer: GroupCommitter;
  readonly sender: SnapshotSender;
  /** Snapshots that the node takes at once. */
  readonly receiving: Slots;
  /** Where a group's numbers of reads begin: see `ReadWaiterOptions.firstContext`. */
  readonly firstContext: () => number;
  /** Ticks that groups were told of so far. */
  readonly ticks: () => number;
  readonly contact: NodeContact;
  /** What is known of a group's leadership has changed. */
  readonly onLeadership: (group: GroupId) => void;
  readonly wake: (group: Schedulable) => void;
  /** What carries out a group's effects has failed for good: the group falls silent where its data are damaged, else the host has to end. */
  readonly onError: (group: GroupId, error: unknown) => void;
  readonly onDigestMismatch: (mismatch: DigestMismatch) => void;
}
