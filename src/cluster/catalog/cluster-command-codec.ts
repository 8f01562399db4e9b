import { fields, flag, integer, kinds, oneOf, optional, text } from '../call/wire-shape.ts';
import type { ClusterCommand, NodeIntroduction } from './cluster-command.ts';
import { type ClusterSettings, MOVE_REASONS, MOVE_STEPS } from './cluster-state.ts';
import { catalogCommand } from './collection-shapes.ts';
import { yes } from './ordered-shapes.ts';
import { VersionedPack } from './versioned-pack.ts';

type CommandOf<K extends ClusterCommand['kind']> = Omit<
  Extract<ClusterCommand, { kind: K }>,
  'kind'
>;

const introduction = fields<NodeIntroduction>({
  nodeId: text,
  raftAddress: text,
  grpcAddress: text,
  restAddress: text,
  zone: text,
  incarnation: text,
});

const command = kinds<ClusterCommand>({
  foundCluster: fields<CommandOf<'foundCluster'>>({
    clusterId: text,
    settings: fields<ClusterSettings>({ shardCount: integer, replicaCount: integer }),
    founder: introduction,
  }),
  registerNode: fields<CommandOf<'registerNode'>>({ node: introduction }),
  leaveNode: fields<CommandOf<'leaveNode'>>({ node: integer, cancel: optional(yes) }),
  forgetNode: fields<CommandOf<'forgetNode'>>({ node: integer, replace: optional(yes) }),
  setRebalancing: fields<CommandOf<'setRebalancing'>>({ on: flag }),
  setReplicaCount: fields<CommandOf<'setReplicaCount'>>({ count: integer }),
  beginMove: fields<CommandOf<'beginMove'>>({
    shard: integer,
    epoch: integer,
    reason: oneOf(...MOVE_REASONS),
    add: optional(integer),
    remove: optional(integer),
  }),
  advanceMove: fields<CommandOf<'advanceMove'>>({
    move: integer,
    from: oneOf(...MOVE_STEPS),
    to: optional(oneOf(...MOVE_STEPS)),
  }),
  collections: fields<CommandOf<'collections'>>({ command: catalogCommand }),
});

/** One more with each new kind of command, and with whatever else a program of before would not apply as later ones do. */
const VERSION = 1;

const pack = new VersionedPack(VERSION, 'a command of the cluster', command);

/** Whether the command was written by a later version of the program, which does with it what this one cannot know. */
export function isLaterCommand(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) > VERSION;
}

/** The command's bytes, as docs/formats/cluster-command.md says; in memory of their own. */
export function encodeClusterCommand(value: ClusterCommand): Uint8Array {
  return pack.encode(value);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeClusterCommand(bytes: Uint8Array): ClusterCommand {
  return pack.decode(bytes);
}
