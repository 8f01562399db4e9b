import { mkdir } from 'node:fs/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { InvariantError, must } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { serializeError } from '../base/error.ts';
import { systemRandom } from '../base/random.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { BuildJob, BuiltSegment } from '../index/segment/build-job.ts';
import { CollectionIndex } from '../index/segment/collection-index.ts';
import { recoverIndex } from '../index/segment/recovery.ts';
import { DiskGuard, freeDiskBytes } from '../storage/disk-guard.ts';
import { fileError } from '../storage/file-error.ts';
import { FolderShardDisk } from '../storage/folder-shard-disk.ts';
import type { ShardStore } from '../storage/shard-store.ts';
import { ApplyEngine, type OpenedIndex } from './apply-engine.ts';
import type {
  AbandonMessage,
  ApplyCall,
  ApplyThreadInput,
  ApplyThreadOutput,
  BuilderCall,
  LogMessage,
} from './apply-messages.ts';
import { indexFolderOf, removeIndexFolders } from './index-folders.ts';
import { LocalShardCalls } from './local-shard-calls.ts';
import { packOutcomes, unpackSteps } from './packed-steps.ts';
import { recordEdits } from './record-edits.ts';
import { type ReplyMessage, RequestChannel } from './request-channel.ts';
import type { ShardCalls } from './shard-calls.ts';
import { ShardReplicas } from './shard-replicas.ts';
import { shardSizes } from './shard-sizes.ts';
import type { ApplyThreadData } from './thread-data.ts';
import { ViewAdoptions } from './view-adoptions.ts';

/** Entry of the apply thread: the only one that writes stores and indexes. */

const port = must(parentPort, 'this file is a thread entry');
const data = workerData as ApplyThreadData;

const post = (message: ApplyThreadOutput, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);
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
  readonly replicas: ShardReplicas;
  readonly calls: ShardCalls;
}

async function openEngine(): Promise<OpenEngine> {
  const { root, shardCount, ...settings } = data.shards;
  const disk = await FolderShardDisk.open(root, settings);
  const replicas = new ShardReplicas({ disk, shardCount, random: systemRandom });
  const { minFreeDiskBytes: minFreeBytes, indexFolder: path } = data;
  await mkdir(path, { recursive: true });
  const guard = new DiskGuard({ path, minFreeBytes, freeBytes: freeDiskBytes });
  const build = builderChannel(data.builder);
  const engine = new ApplyEngine({
    replicas,
    edits: recordEdits(),
    assertRoom: () => guard.assertRoom(),
    openIndex: (schema) => openCollection(schema, replicas.stores, build),
    onRefused: (shard, index, error) => {
      // Whoever drops a collection need not wait for those who write to it.
      const level = error.code === 'COLLECTION_NOT_FOUND' ? 'info' : 'error';
      log(level, 'command_refused', { shard, index, ...error });
    },
    onDropped: (collection) => post({ kind: 'viewDropped', collection }),
    abandonBuilds: () => data.builder.postMessage({ kind: 'abandon' } satisfies AbandonMessage),
    removeIndexes: (nextNumber, open) => removeIndexFolders(path, nextNumber, open),
    onIndexed: (shards) => post({ kind: 'indexed', shards }),
    clock: systemClock,
    frozenRowsMax: data.index.growingRows * FROZEN_SEGMENTS_MAX,
    journalRowsMax: data.index.growingRows,
    onFilled: ({ collection, shard, changed }) => {
      if (changed > 0) log('info', 'index_recovered', { collection, shard, how: 'scan', changed });
    },
    onFailure: (event, error) => log('error', event, { error: serializeError(error).message }),
  });
  return { engine, replicas, calls: new LocalShardCalls({ engine, replicas }) };
}

async function openCollection(
  schema: CollectionSchema,
  stores: ReadonlyMap<number, ShardStore>,
  build: (job: BuildJob) => Promise<BuiltSegment>,
): Promise<OpenedIndex> {
  const index = await CollectionIndex.open({
    schema,
    directory: indexFolderOf(data.indexFolder, schema.number),
    ...data.index,
    publish: (view) => adoptions.publish(view),
    build,
    clock: systemClock,
    log: ({ level, event, fields }) => log(level, event, fields),
  });
  for (const [shard, store] of stores) {
    // The log has what the store lost, and applies it again; the index begins from what is there.
    const isAhead = index.watermark(shard) > store.appliedIndex;
    if (isAhead && index.lineage(shard) === store.lineage) index.forgetShard(shard);
  }
  const fills = await recoverIndex({ index, stores, fillLater: true, log });
  return { index, fills };
}

async function carryOut(open: OpenEngine, call: ApplyCall): Promise<unknown> {
  const { engine, replicas, calls } = open;
  switch (call.kind) {
    case 'applySteps':
      return packOutcomes(await calls.applySteps(unpackSteps(call.steps)));
    case 'adopt':
      return engine.adopt(call.schema);
    case 'drop':
      return engine.drop(call.collection);
    case 'adoptedAll':
      return engine.adoptedAll(call.nextNumber);
    case 'swept':
      return engine.swept(call.collections);
    case 'optimize':
      return engine.optimize(call.collection);
    case 'describe':
      return engine.describe(call.collection);
    case 'measureShards':
      return shardSizes(replicas.stores.values());
    case 'probe':
      return engine.probe(call.reopen);
    case 'close':
      return engine.close();
    default:
      return carryOutOfShard(calls, call);
  }
}

type ShardCall = Extract<ApplyCall, { kind: keyof ShardCalls }>;

function carryOutOfShard(
  calls: ShardCalls,
  call: Exclude<ShardCall, { kind: 'applySteps' }>,
): Promise<unknown> {
  switch (call.kind) {
    case 'openShard':
    case 'activateShard':
    case 'finishStaged':
    case 'discardStaged':
      return calls[call.kind](call.shard, call.generation);
    case 'closeShard':
    case 'destroyShard':
    case 'hostRows':
    case 'takeSnapshot':
    case 'digest':
      return calls[call.kind](call.shard);
    case 'readSnapshot':
      return calls.readSnapshot(call.id, call.offset, call.length);
    case 'closeSnapshot':
      return calls.closeSnapshot(call.id);
    case 'stage':
      return calls.stage(call.shard, call.last);
    case 'writeStaged':
      return calls.writeStaged(call.shard, call.generation, call.bytes);
    default:
      return unreachable(call);
  }
}

const opening = openEngine();

async function reply(id: number, call: ApplyCall): Promise<void> {
  try {
    const value = await carryOut(await opening, call);
    const transfer = value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
    post({ kind: 'reply', id, value }, transfer);
  } catch (error) {
    const coded = fileError(error);
    post({ kind: 'error', id, error: serializeError(coded) });
    // A bug in the middle of a change: what is in memory can be trusted no more, what is stored can.
    if (coded.code === 'INTERNAL' && (call.kind === 'applySteps' || call.kind === 'probe'))
      throw error;
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
  await opening;
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'failed', error: serializeError(fileError(error)) });
  end();
}
