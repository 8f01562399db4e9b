import type { SerializedError } from '../../base/error.ts';
import type { ConfigurationChange } from '../../raft/core/configuration.ts';
import type { SessionStamp } from '../../raft/host/command-envelope.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ReadRequest, ReadResponse } from '../../worker/read-messages.ts';
import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import type { ClusterView } from '../membership/cluster-view.ts';
import type { HeldCollection } from '../shard/shard-holder.ts';
import type { NodeReport } from './node-report.ts';

/** `linearizable`: sees every write acknowledged before it began. `local`: what the replica that answers has applied. */
export type Consistency = 'linearizable' | 'local';

/** What one node asks of another; every call has a deadline, and the answer has the kind of the call. */
export type NodeCall =
  /** To the leader of the shard. `epoch`: of the shard as the sender knows it. */
  | {
      readonly kind: 'propose';
      readonly shard: number;
      readonly epoch: number;
      readonly command: Uint8Array;
      readonly session: SessionStamp | undefined;
    }
  /** To the leader of the group. */
  | { readonly kind: 'openSession'; readonly group: GroupId }
  /** To the leader of the catalog. */
  | {
      readonly kind: 'changeCatalog';
      readonly command: ClusterCommand;
      readonly session: SessionStamp | undefined;
    }
  /** Resolves when the node has applied the catalog up to this version. */
  | { readonly kind: 'awaitCatalog'; readonly version: number }
  /** Of the shards that the request names; all of them are on the node. */
  | { readonly kind: 'read'; readonly request: ReadRequest; readonly consistency: Consistency }
  | { readonly kind: 'describe'; readonly collection: number }
  | { readonly kind: 'optimize'; readonly collection: number }
  /** To the leader of the group. */
  | {
      readonly kind: 'changeConfiguration';
      readonly group: GroupId;
      readonly change: ConfigurationChange;
    }
  | { readonly kind: 'transferLeadership'; readonly group: GroupId; readonly to: NodeNumber }
  /** Compares the digests of a group's replicas; the leader's. */
  | { readonly kind: 'checkDigest'; readonly group: GroupId }
  /** How the node is; also the sign of life that the catalog's leader goes by. */
  | { readonly kind: 'report' }
  /** To the leader of the catalog. */
  | { readonly kind: 'clusterView' };

export type NodeCallKind = NodeCall['kind'];

/** Answers, by the kind of the call. */
export interface NodeAnswers {
  /**
   * What the state machine gave (`shard-result-codec.ts`). A refusal in it is remembered under the session's number; one that is thrown was made before the
   * log, and is not.
   */
  readonly propose: { readonly result: Uint8Array };
  readonly openSession: { readonly session: number };
  readonly changeCatalog: ClusterCommandResult;
  readonly awaitCatalog: { readonly version: number };
  readonly read: ReadResponse;
  readonly describe: HeldCollection;
  readonly optimize: { readonly done: true };
  readonly changeConfiguration: { readonly done: true };
  readonly transferLeadership: { readonly done: true };
  readonly checkDigest: { readonly digest: string };
  readonly report: NodeReport;
  readonly clusterView: ClusterView;
}

/** What a node answers: `ok`, or the error that the call ended with (its `details` may name the leader's node). */
export type NodeAnswer<K extends NodeCallKind = NodeCallKind> =
  | { readonly ok: true; readonly value: NodeAnswers[K] }
  | { readonly ok: false; readonly error: SerializedError };

/** Calls other nodes, and this one, without a difference to the caller. */
export interface NodeCaller {
  readonly node: NodeNumber;
  /**
   * @param timeoutMs - until when the answer has to be there
   * @throws {VectorDbError} whatever the other node says; UNAVAILABLE where it cannot be reached or does not answer in time: whether the call took
   * effect is not known then, unless it is an `UnsentCall`
   */
  call<C extends NodeCall>(
    to: NodeNumber,
    call: C,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<NodeAnswers[C['kind']]>;
}
