import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { MemberAddress } from './guest-message.ts';

/**
 * How far a node has come. `founding`: it decided to found its cluster, whose first groups may not be there. `joining`: it has its number, and its replica
 * of the catalog may not be there. `member`: it has a replica of the catalog; one that is missing now was lost.
 */
export type IdentityStage = 'founding' | 'joining' | 'member';

/** Who this node is in its cluster; written once it is known. Only `stage` changes as long as the folder lives. */
export interface NodeIdentity {
  readonly clusterId: string;
  readonly node: NodeNumber;
  /** As it was when the node joined; the same folder under another name is refused. */
  readonly nodeId: string;
  readonly incarnation: string;
  readonly stage: IdentityStage;
}

/** The node that may found a cluster as far as another one is concerned. One that lost its folder is another, under the same name. */
export interface Founder {
  readonly nodeId: string;
  readonly incarnation: string;
}

/** Keeps what a node must not forget, durably. */
export interface IdentityStore {
  /** Undefined: the folder belongs to no cluster yet. @throws {VectorDbError} DATA_CORRUPT */
  load(): Promise<NodeIdentity | undefined>;
  /** Durable when it resolves. */
  save(identity: NodeIdentity): Promise<void>;
  /** Drawn when the folder was new, and kept with it. */
  incarnation(): Promise<string>;
  /** The node that this one lets found a cluster; undefined: it was not asked to yet. */
  consent(): Promise<Founder | undefined>;
  /** Durable when it resolves. */
  saveConsent(founder: Founder): Promise<void>;
  /** Where the cluster's other members were when that was noted last. */
  members(): Promise<readonly MemberAddress[]>;
  /** Durable when it resolves. */
  saveMembers(members: readonly MemberAddress[]): Promise<void>;
}
