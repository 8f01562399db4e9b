import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts';
import type { SerializedError } from '../../base/error.ts';
import type {
  Configuration,
  ConfigurationChange,
  ConfigurationStep,
} from '../../raft/core/configuration.ts';
import type { PeerProgress } from '../../raft/core/raft-status.ts';
import type { SessionStamp } from '../../raft/host/command-envelope.ts';
import { decodeClusterCommand, encodeClusterCommand } from '../catalog/cluster-command-codec.ts';
import { decodeClusterResult, encodeClusterResult } from '../catalog/cluster-result-codec.ts';
import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import type { ClusterView } from '../membership/cluster-view.ts';
import type { HeldCollection } from '../shard/shard-holder.ts';
import type { NodeAnswers, NodeCall, NodeCallKind } from './node-call.ts';
import type { GroupReport, NodeReport } from './node-report.ts';
import { readRequest } from './read-shapes.ts';
import {
  bytes,
  fields,
  flag,
  integer,
  kinds,
  list,
  oneOf,
  optional,
  real,
  text,
  trusted,
  type WireShape,
} from './wire-shape.ts';

const stamp = fields<SessionStamp>({ session: integer, sequence: integer, respondedUpTo: integer });

const change = fields<ConfigurationChange>({
  steps: list(
    fields<ConfigurationStep>({
      kind: oneOf('addVoter', 'addLearner', 'remove'),
      replica: integer,
    }),
  ),
  leave: oneOf('auto', 'explicit'),
  context: bytes,
});

const clusterCommand: WireShape<ClusterCommand> = {
  encode: encodeClusterCommand,
  decode: (value) => decodeClusterCommand(bytes.decode(value)),
};
const clusterResult: WireShape<ClusterCommandResult> = {
  encode: encodeClusterResult,
  decode: (value) => decodeClusterResult(bytes.decode(value)),
};

/** A call that says nothing but its kind. */
const nothing: WireShape<object> = { encode: () => null, decode: () => ({}) };

type CallOf<K extends NodeCallKind> = Omit<Extract<NodeCall, { kind: K }>, 'kind'>;

/** What is asked. */
export const nodeCall: WireShape<NodeCall> = kinds<NodeCall>({
  propose: fields<CallOf<'propose'>>({
    shard: integer,
    epoch: integer,
    command: bytes,
    session: optional(stamp),
  }),
  openSession: fields<CallOf<'openSession'>>({ group: integer }),
  changeCatalog: fields<CallOf<'changeCatalog'>>({
    command: clusterCommand,
    session: optional(stamp),
  }),
  awaitCatalog: fields<CallOf<'awaitCatalog'>>({ version: integer }),
  read: fields<CallOf<'read'>>({
    request: readRequest,
    consistency: oneOf('linearizable', 'local'),
  }),
  describe: fields<CallOf<'describe'>>({ collection: integer }),
  optimize: fields<CallOf<'optimize'>>({ collection: integer }),
  changeConfiguration: fields<CallOf<'changeConfiguration'>>({ group: integer, change }),
  transferLeadership: fields<CallOf<'transferLeadership'>>({ group: integer, to: integer }),
  checkDigest: fields<CallOf<'checkDigest'>>({ group: integer }),
  report: nothing,
  clusterView: nothing,
});

const replicas = list(integer);

const progress = fields<PeerProgress>({
  replica: integer,
  state: oneOf('probe', 'replicate', 'snapshot'),
  match: integer,
  next: integer,
  inflightMessages: integer,
  inflightBytes: integer,
  isPaused: flag,
  recentlyActive: flag,
  isLearner: flag,
  pendingSnapshot: integer,
});

const groupReport = keyed<GroupReport>({
  open: fields<Omit<Extract<GroupReport, { state: 'open' }>, 'state'>>({
    group: integer,
    replica: integer,
    role: oneOf('follower', 'preCandidate', 'candidate', 'leader'),
    term: integer,
    leaderNode: integer,
    appliedIndex: integer,
    lastIndex: integer,
    configuration: fields<Configuration>({
      voters: replicas,
      outgoing: replicas,
      learners: replicas,
      learnersNext: replicas,
      autoLeave: flag,
    }),
    progress: list(progress),
    snapshotBytesReceived: optional(integer),
    isIndexed: flag,
    points: integer,
    bytes: integer,
    snapshotBytesTaken: optional(integer),
  }),
  corrupt: fields<Omit<Extract<GroupReport, { state: 'corrupt' }>, 'state'>>({
    group: integer,
    replica: integer,
  }),
});

const report = fields<NodeReport>({
  node: integer,
  version: text,
  catalogVersion: integer,
  groups: list(groupReport),
  swept: list(integer),
  writable: flag,
  reasons: list(text),
  diskFreeBytes: optional(real),
  memoryBytes: real,
  uptimeSeconds: real,
});

const heldCollection = fields<HeldCollection>({
  points: integer,
  segments: list(
    fields<HeldCollection['segments'][number]>({
      kind: oneOf('growing', 'sealed'),
      rows: integer,
      deletedRows: integer,
      bytes: integer,
    }),
  ),
  building: flag,
});

/** Nothing is said but that it is done. */
const done: WireShape<{ readonly done: true }> = {
  encode: () => true,
  decode: () => ({ done: true }),
};

/** Answers by the kind of the call, but for those to reads, whose shape is that of what was read. */
export const nodeAnswers: {
  readonly [K in Exclude<NodeCallKind, 'read'>]: WireShape<NodeAnswers[K]>;
} = {
  propose: fields<NodeAnswers['propose']>({ result: bytes }),
  openSession: fields<NodeAnswers['openSession']>({ session: integer }),
  changeCatalog: clusterResult,
  awaitCatalog: fields<NodeAnswers['awaitCatalog']>({ version: integer }),
  describe: heldCollection,
  optimize: done,
  changeConfiguration: done,
  transferLeadership: done,
  checkDigest: fields<NodeAnswers['checkDigest']>({ digest: text }),
  report,
  clusterView: trusted<ClusterView>('a view of the cluster'),
};

const errorCode: WireShape<ErrorCode> = {
  encode: (code) => code,
  // A newer node may have codes that this one does not know.
  decode: (value) =>
    typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)
      ? (value as ErrorCode)
      : 'INTERNAL',
};

/** Why there is no answer. */
export const failure: WireShape<SerializedError> = fields<SerializedError>({
  code: errorCode,
  message: text,
  field: optional(text),
  retryAfterMs: optional(real),
  leaderNode: optional(integer),
});

/** As `kinds`, of a union that is told apart by its `state`. */
function keyed<T extends { readonly state: string }>(shapes: {
  readonly [K in T['state']]: WireShape<Omit<Extract<T, { state: K }>, 'state'>>;
}): WireShape<T> {
  type Kinded = Omit<T, 'state'> & { readonly kind: T['state'] };
  const shape = kinds<Kinded>(shapes as never);
  return {
    encode: ({ state, ...rest }) => shape.encode({ ...rest, kind: state }),
    decode: (value) => {
      const { kind, ...rest } = shape.decode(value);
      return { state: kind, ...rest } as unknown as T;
    },
  };
}
