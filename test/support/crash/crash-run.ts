import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause, systemClock } from '../../../src/base/clock.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import { GrpcTestClient } from '../grpc-client.ts';
import { killedWhileStarting, type ServerProcess, startServer } from '../server-process.ts';
import { type ChangeWriter, grpcWriter, restCall, restWriter } from './change-writer.ts';
import { idText, type ModelledPoint } from './modelled-point.ts';
import { OwnedPoints } from './owned-points.ts';
import { DIMENSIONS, randomChange } from './random-change.ts';
import { readCollection } from './whole-collection.ts';

/** Clients that write at the same time; every other one speaks gRPC. */
const CLIENTS = 4;
const COLLECTION = 'crashed';
const SHARDS = 16;
/** Segments are sealed, merged and rebuilt all the time. */
const FLAGS = [
  '--index.growing_rows=128',
  '--index.merge_fan_in=2',
  '--index.idle_optimize_ms=40',
  '--server.worker_threads=2',
  // So long that a server that waits for anything but requests under way is a test that fails.
  '--server.shutdown_timeout_ms=1000000',
];
/** Of the server's log, where a round fails. */
const LOG_LINES_SHOWN = 40;
const WRITING_MS = { min: 100, spread: 2_400 };
/** In each round, however long that takes. */
const ACKNOWLEDGED_MIN = 4;
const STARTING_MS = { min: 150, spread: 1_200 };
/** Of rounds: those in which the server is killed once more while it recovers. */
const KILLED_STARTING_SHARE = 0.3;

export interface CrashRunOptions {
  readonly rounds: number;
  readonly seed: number;
  /** How the server is ended: SIGKILL unless told. After SIGTERM it has to say that all is well. */
  readonly signal?: 'SIGKILL' | 'SIGTERM';
}

/** What a run did. */
export interface CrashReport {
  readonly acknowledged: number;
  readonly points: number;
  readonly startMsMax: number;
}

/**
 * Kills a server at random moments while clients write, and looks after each restart whether everything acknowledged is there and nothing is there in part.
 *
 * @throws with the seed and the folder, which is kept, when something is wrong
 */
export async function crashRun({
  rounds,
  seed,
  signal = 'SIGKILL',
}: CrashRunOptions): Promise<CrashReport> {
  const random = seededRandom(seed);
  const dataDir = await mkdtemp(join(tmpdir(), 'grape-crash-'));
  let state: RunState | undefined;
  let startMsMax = 0;
  // One more start than rounds: the last one only looks.
  for (let round = 1; round <= rounds + 1; round += 1) {
    if (
      signal === 'SIGKILL' &&
      round > 1 &&
      round <= rounds &&
      random.next() < KILLED_STARTING_SHARE
    ) {
      const afterMs = STARTING_MS.min + random.below(STARTING_MS.spread);
      await killedWhileStarting({ dataDir, flags: FLAGS, afterMs });
    }
    const server = await startServer({ dataDir, flags: FLAGS });
    startMsMax = Math.max(startMsMax, server.startMs);
    try {
      if (state === undefined) state = await firstState(server);
      else report(await compareAll(server, state));
      if (round <= rounds) report(await writeUntilEnded({ server, state, random, signal }));
      else await server.stop();
    } catch (error) {
      await server.stop('SIGKILL');
      const message = error instanceof Error ? error.message : String(error);
      const log = server.output.slice(-LOG_LINES_SHOWN).join('\n');
      throw new Error(`seed ${seed}, round ${round}, folder ${dataDir}:\n${message}\n${log}`, {
        cause: error,
      });
    }
  }
  await rm(dataDir, { recursive: true });
  const { clients, acknowledged } = state as RunState;
  const points = clients.reduce((sum, client) => sum + client.points.points.length, 0);
  return { acknowledged, points, startMsMax };
}

interface ClientState {
  readonly owner: number;
  readonly points: OwnedPoints;
}

interface RunState {
  readonly clients: readonly ClientState[];
  writes: number;
  acknowledged: number;
}

function report(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, 20).map((problem) => problem.slice(0, 2_000));
  throw new Error(`${problems.length} problems:\n${shown.join('\n')}`);
}

async function firstState(server: ServerProcess): Promise<RunState> {
  const vector = { distance: 'euclid', m: 8, ef_construction: 40 };
  await restCall(
    server.restUrl,
    `/admin/collections/${COLLECTION}`,
    {
      vector: { ...vector, dimension: DIMENSIONS.main, quantization: 'int8' },
      vectors: { alt: { ...vector, dimension: DIMENSIONS.alt, quantization: 'none' } },
    },
    'PUT',
  );
  for (const [field, kind] of [
    ['tag', 'keyword'],
    ['owner', 'integer'],
  ]) {
    const path = `/admin/collections/${COLLECTION}/indexes/${field}`;
    await restCall(server.restUrl, path, { kind }, 'PUT');
  }
  const described = await restCall<{ number: number }>(
    server.restUrl,
    `/admin/collections/${COLLECTION}`,
  );
  const options = { shardCount: SHARDS, collection: described.number };
  const clients = Array.from({ length: CLIENTS }, (_, owner) => ({
    owner,
    points: new OwnedPoints(options),
  }));
  return { clients, writes: 0, acknowledged: 0 };
}

async function compareAll(server: ServerProcess, state: RunState): Promise<string[]> {
  const { points, problems } = await readCollection(server.restUrl, COLLECTION);
  const byOwner = state.clients.map(() => new Map<string, ModelledPoint>());
  for (const [text, point] of points) {
    const owner = byOwner[Number(point.payload['owner'])];
    if (owner === undefined) return [...problems, `${text} has no owner`];
    owner.set(text, point);
  }
  const unsettled = state.clients.flatMap((client) =>
    client.points.settle(byOwner[client.owner] ?? new Map()),
  );
  return [...problems, ...unsettled];
}

async function writeUntilEnded({
  server,
  state,
  random,
  signal,
}: {
  readonly server: ServerProcess;
  readonly state: RunState;
  readonly random: Random;
  readonly signal: 'SIGKILL' | 'SIGTERM';
}): Promise<string[]> {
  using grpc = new GrpcTestClient(server.grpcAddress);
  const problems: string[] = [];
  const killing = new AbortController();
  const acknowledged = Promise.withResolvers<void>();
  const enough = state.acknowledged + ACKNOWLEDGED_MIN;
  const clients = state.clients.map((client) => {
    const writer = client.owner % 2 === 0 ? restWriter(server.restUrl) : grpcWriter(grpc);
    const own = seededRandom(random.below(2 ** 32));
    return runClient({
      client,
      writer,
      state,
      random: own,
      url: server.restUrl,
      signal: killing.signal,
      onAcknowledged: () => {
        if (state.acknowledged >= enough) acknowledged.resolve();
      },
    }).catch((error: unknown) => void problems.push(`client ${client.owner}: ${String(error)}`));
  });
  // A slow machine may have acknowledged nothing until then, and nothing would be looked for.
  const written = Promise.all([
    pause(systemClock, WRITING_MS.min + random.below(WRITING_MS.spread)),
    acknowledged.promise,
  ]);
  await Promise.race([written, Promise.all(clients)]);
  killing.abort();
  const exit = await server.stop(signal);
  if (signal === 'SIGTERM' && exit !== 0) {
    problems.push(`it ended with ${exit}:\n${server.output.join('\n')}`);
  }
  await Promise.all(clients);
  return problems;
}

/** Makes one change after another, and looks now and then whether what was acknowledged can be read. */
async function runClient(options: {
  readonly client: ClientState;
  readonly writer: ChangeWriter;
  readonly state: RunState;
  readonly random: Random;
  readonly url: string;
  readonly signal: AbortSignal;
  readonly onAcknowledged: () => void;
}): Promise<void> {
  const { client, writer, state, random, signal, onAcknowledged } = options;
  const { owner, points } = client;
  while (!signal.aborted) {
    state.writes += 1;
    const change = randomChange({ random, owner, write: state.writes, points });
    points.begin(change);
    try {
      await writer(COLLECTION, change);
    } catch (error) {
      if (signal.aborted) return;
      throw new Error(`${change.kind}: ${String(error)}`, { cause: error });
    }
    points.acknowledge();
    state.acknowledged += 1;
    onAcknowledged();
    if (random.below(5) === 0)
      await readBack(options).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
  }
}

/** A search sees what was acknowledged before it began. */
async function readBack({
  client,
  random,
  url,
}: {
  readonly client: ClientState;
  readonly random: Random;
  readonly url: string;
}): Promise<void> {
  const known = client.points.points;
  const point = known[random.below(Math.max(1, known.length))];
  if (point === undefined) return;
  const { results } = await restCall<{ results: Pick<ModelledPoint, 'id' | 'payload'>[] }>(
    url,
    '/vectors/search',
    { collection: COLLECTION, vector: [...point.vector], exact: true, limit: 1 },
  );
  const [found] = results;
  const isFound =
    found !== undefined &&
    idText(found.id) === idText(point.id) &&
    JSON.stringify(sorted(found.payload)) === JSON.stringify(sorted(point.payload));
  if (!isFound)
    throw new Error(`a search finds ${JSON.stringify(found)} instead of ${JSON.stringify(point)}`);
}

const sorted = (payload: object): unknown[] =>
  Object.entries(payload).toSorted(([a], [b]) => (a < b ? -1 : 1));
