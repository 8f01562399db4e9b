import { fields, flag, integer, kinds, optional, text } from '../call/wire-shape.ts';
import type { ClusterCommandResult } from './cluster-command.ts';
import { VersionedPack } from './versioned-pack.ts';

type ResultOf<K extends ClusterCommandResult['kind']> = Omit<
  Extract<ClusterCommandResult, { kind: K }>,
  'kind'
>;

const result = kinds<ClusterCommandResult>({
  done: fields<ResultOf<'done'>>({ version: integer, changed: flag }),
  registered: fields<ResultOf<'registered'>>({ version: integer, node: integer }),
  moveBegun: fields<ResultOf<'moveBegun'>>({ version: integer, move: integer }),
  refused: fields<ResultOf<'refused'>>({ code: text, message: text, field: optional(text) }),
});

const pack = new VersionedPack(1, 'the result of a command of the cluster', result);

/** The result's bytes, as docs/formats/cluster-command.md says; in memory of their own. */
export function encodeClusterResult(value: ClusterCommandResult): Uint8Array {
  return pack.encode(value);
}

/** @throws {VectorDbError} DATA_CORRUPT */
export function decodeClusterResult(bytes: Uint8Array): ClusterCommandResult {
  return pack.decode(bytes);
}
