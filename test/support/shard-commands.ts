import { VectorDbError } from '../../src/base/error.ts';
import { encodePointId } from '../../src/base/point-id.ts';
import type { RecordEdits } from '../../src/sharding/record-edits.ts';
import type { ShardCommand } from '../../src/sharding/shard-command.ts';

const parse = (payload: Uint8Array): Record<string, unknown> =>
  payload.length === 0
    ? {}
    : (JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>);
const format = (value: object): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));

/** Payload edits by plain JSON. A filter is `isEmpty` of one top-level key; a payload with the key `broken` cannot be edited. */
export const testEdits: RecordEdits = {
  matches(filter, record) {
    const condition = filter.must?.[0];
    return condition?.kind === 'isEmpty' && !Object.hasOwn(parse(record.payload), condition.key);
  },
  mergePayload(base, patch) {
    if ('broken' in parse(base)) throw new VectorDbError('DATA_CORRUPT', 'a broken payload');
    return format({ ...parse(base), ...parse(patch) });
  },
  deletePayloadPaths(base, paths) {
    return format(
      Object.fromEntries(Object.entries(parse(base)).filter(([key]) => !paths.includes(key))),
    );
  },
};

/** An upsert of points with integer ids: payloads by id, and the id as the vector. */
export function upsert(collection: number, payloads: Record<number, object>): ShardCommand {
  return {
    kind: 'upsert',
    collection,
    points: Object.entries(payloads).map(([id, payload]) => ({
      key: encodePointId(Number(id), 'id', 512),
      vectors: { '': Float32Array.of(Number(id)) },
      payload: format(payload),
    })),
  };
}
