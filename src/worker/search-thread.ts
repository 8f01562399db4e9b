import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { serializeError } from '../base/error.ts';
import { CollectionSearcher } from '../index/search/collection-searcher.ts';
import { LookupCounts } from '../index/search/lookup-counts.ts';
import { HashRouter } from '../sharding/hash-router.ts';
import { FolderShardDisk } from '../storage/folder-shard-disk.ts';
import type { LevelStore } from '../storage/level-store.ts';
import { ShardReader } from '../storage/shard-reader.ts';
import { ReadEngine } from './read-engine.ts';
import type {
  ReadRequest,
  ReadResponse,
  SearchThreadInput,
  SearchThreadOutput,
} from './read-messages.ts';
import { type MailedSearch, SearchInbox } from './search-mailbox.ts';
import type { SearchThreadData } from './thread-data.ts';

/** Entry of a search thread: answers the reads it is sent, one after another. */

/** Searches of the mailbox that are answered before messages are looked at again. */
const MAIL_PER_TURN_MAX = 16;

const port = must(parentPort, 'this file is a thread entry');
const { shards, lane, lookups, mailbox } = workerData as SearchThreadData;

const post = (message: SearchThreadOutput, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

function done(id: number, response: ReadResponse): void {
  const transfer = 'points' in response ? [response.points.buffer as ArrayBuffer] : [];
  post({ kind: 'done', id, response }, transfer);
}

/** Reads that are answered later. */
const underWay = new Set<Promise<void>>();
/** Reads that wait for the stores to be open again; undefined while they are. */
let held: { readonly id: number; readonly request: ReadRequest }[] | undefined;

async function releaseStores(): Promise<void> {
  held ??= [];
  await Promise.all(underWay);
  await Promise.all([...stores.values()].map((store) => store.release()));
}

async function resumeStores(): Promise<void> {
  await Promise.all([...stores.values()].map((store) => store.resume()));
  const waiting = held ?? [];
  held = undefined;
  for (const read of waiting) answer(engine, read.id, read.request);
  answerMail();
}

async function openShard(shard: number, generation: number): Promise<void> {
  const store = await disk.open(shard, generation);
  stores.set(shard, store);
  readers.set(shard, new ShardReader({ store, shard }));
}

async function closeShard(shard: number): Promise<void> {
  const store = stores.get(shard);
  readers.delete(shard);
  stores.delete(shard);
  await Promise.all(underWay);
  await store?.[Symbol.asyncDispose]();
}

/** Does something with stores and tells how that ended. */
async function tell(id: number, work: Promise<void>): Promise<void> {
  try {
    await work;
    post({ kind: 'storesTold', id });
  } catch (error) {
    post({ kind: 'storesTold', id, error: serializeError(error) });
  }
}

function answer(engine: ReadEngine, id: number, request: ReadRequest): void {
  try {
    const response = engine.answer(request);
    if (!(response instanceof Promise)) return done(id, response);
    const answered = response.then(
      (value) => done(id, value),
      (error: unknown) => post({ kind: 'error', id, error: serializeError(error) }),
    );
    underWay.add(answered);
    void answered.finally(() => underWay.delete(answered));
  } catch (error) {
    post({ kind: 'error', id, error: serializeError(error) });
  }
}

function answerMail(): void {
  if (held !== undefined) return;
  for (let answered = 0; answered < MAIL_PER_TURN_MAX; answered += 1) {
    const mailed = inbox.next();
    if (mailed === undefined) return;
    answerMailed(mailed);
    if (inbox.takeSleep()) post({ kind: 'mail' });
  }
  // What the stores read arrives in turns of their own.
  setImmediate(answerMail);
}

function answerMailed({ id, query }: MailedSearch): void {
  try {
    const response = engine.search(query);
    if (!inbox.answer(response)) done(id, response);
  } catch (error) {
    inbox.answer(undefined);
    post({ kind: 'error', id, error: serializeError(error) });
  }
}

/** Follows an order; searches may have waited for it. */
function follow(action: () => void): void {
  action();
  inbox.follow();
  answerMail();
}

const inbox = new SearchInbox(mailbox);
const { root, shardCount, ...settings } = shards;
const disk = FolderShardDisk.of(root, settings);
const stores = new Map<number, LevelStore>();
const readers = new Map<number, ShardReader>();
const router = new HashRouter({ shardCount });
const engine = new ReadEngine({
  readers,
  router,
  searcher: new CollectionSearcher({ lane, lookups: new LookupCounts(lookups) }),
  clock: systemClock,
});

port.on('message', (message: SearchThreadInput) => {
  switch (message.kind) {
    case 'read':
      if (held !== undefined) return void held.push(message);
      return answer(engine, message.id, message.request);
    case 'mail':
      return answerMail();
    case 'view':
      return follow(() => {
        engine.adopt(message.view);
        post({ kind: 'adopted', id: message.id });
      });
    case 'releaseStores':
      return follow(() => void tell(message.id, releaseStores()));
    case 'resumeStores':
      return follow(() => void tell(message.id, resumeStores()));
    case 'openShard':
      return follow(() => void tell(message.id, openShard(message.shard, message.generation)));
    case 'closeShard':
      return follow(() => void tell(message.id, closeShard(message.shard)));
    case 'drop':
      return follow(() => engine.drop(message.collection));
    case 'close':
      void Promise.all([...stores.values()].map((store) => store[Symbol.asyncDispose]())).finally(
        () => port.close(),
      );
      return undefined;
  }
});
post({ kind: 'ready' });
