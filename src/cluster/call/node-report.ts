import type { Configuration } from '../../raft/core/configuration.ts';
import type { LogIndex, Term } from '../../raft/core/entry.ts';
import type { PeerProgress, Role } from '../../raft/core/raft-status.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';

/** A group on a node. */
export type GroupReport =
  | {
      readonly state: 'open';
      readonly group: GroupId;
      readonly replica: number;
      readonly role: Role;
      readonly term: Term;
      /** 0: not known. */
      readonly leaderNode: NodeNumber;
      readonly appliedIndex: LogIndex;
      readonly lastIndex: LogIndex;
      readonly configuration: Configuration;
      /** Of a leader; empty otherwise. */
      readonly progress: readonly PeerProgress[];
      /** Of a snapshot that is arriving; undefined: none is. */
      readonly snapshotBytesReceived: number | undefined;
      /** Of a shard: all its points can be searched here. */
      readonly isIndexed: boolean;
      readonly points: number;
      readonly bytes: number;
      /** Of all snapshots that arrived for this replica since its process began, and of the one that is arriving; undefined: its node does not say. */
      readonly snapshotBytesTaken: number | undefined;
    }
  | { readonly state: 'corrupt'; readonly group: GroupId; readonly replica: number };

/** How a node is, by itself. */
export interface NodeReport {
  readonly node: NodeNumber;
  readonly version: string;
  /** Of the catalog that it has applied. */
  readonly catalogVersion: number;
  readonly groups: readonly GroupReport[];
  /** Collections that are being dropped and whose points are gone from this node, by number. */
  readonly swept: readonly number[];
  readonly writable: boolean;
  readonly reasons: readonly string[];
  /** Of the data's file system; undefined: not known. */
  readonly diskFreeBytes: number | undefined;
  readonly memoryBytes: number;
  readonly uptimeSeconds: number;
}
