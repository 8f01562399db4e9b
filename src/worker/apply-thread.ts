import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { InvariantError, must } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { serializeError } from '../base/error.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { BuildJob, BuiltSegment } from '../index/segment/build-job.ts';
import { CollectionIndex } from '../index/segment/collection-index.ts';
import { recoverIndex } from '../index/segment/recovery.ts';
import { DiskGuard, freeDiskBytes } from '../storage/disk-guard.ts';
import { fileError } from '../storage/file-error.ts';
import { ShardStore } from '../storage/shard-store.ts';
import { ApplyEngine } from './apply-engine.ts';
import type {
  ApplyCall,
  ApplyThreadInput,
  ApplyThreadOutput,
  BuilderCall,
  LogMessage,
} from './apply-messages.ts';
import { openShardStores } from './open-shards.ts';
import { recordEdits } from './record-edits.ts';
import { type ReplyMessage, RequestChannel } from './request-channel.ts';
import { shardSizes } from './shard-sizes.ts';
import type { ApplyThreadData } from './thread-data.ts';
import { ViewAdoptions } from './view-adoptions.ts';

/** Entry of the apply thread: the only one that writes stores and indexes. */

const port = must(parentPort, 'this file is a thread entry');
const data = workerData as ApplyThreadData;

const post = (message: ApplyThreadOutput): void => port.postMessage(message);
const log = (level: LogMessage['level'], event: string, fields: Record<string, unknown>): void =>
  post({ kind: 'log', level, event, fields });

/** Growing segments of a collection that may wait to be built before writers wait too. */
const FROZEN_SEGMENTS_MAX = 8;

const adoptions = new ViewAdoptions((view) => post({ kind: 'view', view }));

function builderChannel(builder: MessagePort): (job: BuildJob) => Promise<BuiltSegment> {
  const channel = new RequestChannel<BuilderCall>((message) => builder.postMessage(message));
  builder.on('message', (reply: ReplyMessage) => channel.accept(reply));
  return (job) => channel.call({ kind: 'build', job });
}

interface OpenEngine {
  readonly engine: ApplyEngine;
  /** By shard. */
  readonly stores: ReadonlyMap<number, ShardStore>;
  readonly appliedIndexes: ReadonlyMap<number, number>;
}

async function openEngine(): Promise<OpenEngine> {
  const levels = await openShardStores(data.shards);
  const shardCount = levels.length;
  const stores = new Map<number, ShardStore>();
  for (const [shard, store] of levels.entries())
    stores.set(shard, await ShardStore.open({ store, shard, shardCount }));
  const { minFreeDiskBytes: minFreeBytes, indexFolder: path } = data;
  const guard = new DiskGuard({ path, minFreeBytes, freeBytes: freeDiskBytes });
  const build = builderChannel(data.builder);
  const openIndex = (schema: CollectionSchema): Promise<CollectionIndex> =>
    openCollection(schema, stores, build);
  const engine = new ApplyEngine({
    stores,
    edits: recordEdits(),
    assertRoom: () => guard.assertRoom(),
    openIndex,
    onRefused: (shard, index, error) => log('error', 'command_refused', { shard, index, ...error }),
    onDropped: (collection) => post({ kind: 'viewDropped', collection }),
    onSwept: (collection) => post({ kind: 'swept', collection }),
    clock: systemClock,
    frozenRowsMax: data.index.growingRows * FROZEN_SEGMENTS_MAX,
    journalRowsMax: data.index.growingRows,
    onFailure: (event, error) => log('error', event, { error: serializeError(error).message }),
  });
  for (const schema of data.schemas) await engine.adopt(schema);
  await engine.sweepForgotten(data.nextCollection);
  const appliedIndexes = new Map([...stores].map(([shard, store]) => [shard, store.appliedIndex]));
  return { engine, stores, appliedIndexes };
}

async function openCollection(
  schema: CollectionSchema,
  stores: ReadonlyMap<number, ShardStore>,
  build: (job: BuildJob) => Promise<BuiltSegment>,
): Promise<CollectionIndex> {
  const index = await CollectionIndex.open({
    schema,
    directory: join(data.indexFolder, String(schema.number)),
    ...data.index,
    publish: (view) => adoptions.publish(view),
    build,
    clock: systemClock,
    log: ({ level, event, fields }) => log(level, event, fields),
  });
  await recoverIndex({ index, stores, log });
  return index;
}

async function carryOut({ engine, stores }: OpenEngine, call: ApplyCall): Promise<unknown> {
  switch (call.kind) {
    case 'apply':
      return engine.apply(call.entries);
    case 'adopt':
      return engine.adopt(call.schema);
    case 'drop':
      return engine.drop(call.collection);
    case 'optimize':
      return engine.optimize(call.collection);
    case 'describe':
      return engine.describe(call.collection);
    case 'measureShards':
      return shardSizes(stores.values());
    case 'probe':
      return engine.probe(call.reopen);
    case 'close':
      return engine.close();
    default:
      return unreachable(call);
  }
}

const opening = openEngine();

async function reply(id: number, call: ApplyCall): Promise<void> {
  try {
    post({ kind: 'reply', id, value: await carryOut(await opening, call) });
  } catch (error) {
    const coded = fileError(error);
    post({ kind: 'error', id, error: serializeError(coded) });
    // A bug in the middle of a change: what is in memory can be trusted no more, what is stored can.
    if (coded.code === 'INTERNAL' && (call.kind === 'apply' || call.kind === 'probe')) throw error;
    if (error instanceof InvariantError) throw error;
  }
  if (call.kind === 'close') end();
}

function end(): void {
  data.builder.close();
  port.close();
}

// Views are adopted while indexes are still being opened, so messages are taken from the start.
port.on('message', (message: ApplyThreadInput) => {
  if (message.kind === 'viewAdopted') adoptions.adopted(message.collection, message.version);
  else void reply(message.id, message.call);
});

try {
  const { appliedIndexes } = await opening;
  post({ kind: 'ready', appliedIndexes });
} catch (error) {
  post({ kind: 'failed', error: serializeError(fileError(error)) });
  end();
}
