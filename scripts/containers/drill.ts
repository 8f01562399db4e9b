import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { GrapeConnection } from '../../src/client/grpc/grape-connection.ts';
import { alerts, isGreen, replicas, targetsDown } from './cluster-facts.ts';
import type { Engine } from './engine.ts';
import { eventually, rest, RestFailure } from './rest.ts';
import { Traffic, vectorOf } from './traffic.ts';

const BALANCER = 'http://127.0.0.1';
const BALANCER_GRPC = '127.0.0.1:8080';
const PROMETHEUS = 'http://127.0.0.1:9093';
const NODES = ['http://127.0.0.1:6333', 'http://127.0.0.1:6343', 'http://127.0.0.1:6353'];
const NETWORK = 'grape-cluster_grape-cluster';

const START_MS_MAX = 180_000;
const HEAL_MS_MAX = 120_000;
const MOVE_MS_MAX = 300_000;
const ALERT_MS_MAX = 150_000;
const FAULT_MS = 15_000;
/** A write comes through again this soon after a node went: an election and a few retries. */
const GAP_MS_MAX = 15_000;
const TOO_LONG_A_STOP_S = 35;

/** What a node that joins has to know, and no more: the rest is in its environment, or agreed on by the cluster. */
const SHORTEST_FILE = `[cluster]
node_id = "node-4"
node_address = "grape-node-4:6334"
join_cluster = true
seed_nodes = ["node-1@grape-node-1:7000"]
`;

/** What {@link Drill} needs. */
export interface DrillOptions {
  readonly engine: Engine;
  /** Where the engine runs compose: a folder that may be changed. */
  readonly folder: string;
  /** Told of each thing that was done and found. */
  readonly say: (text: string) => void;
}

/** What can be shown of a cluster in containers, each as a step; all steps share one cluster, in this order. */
export class Drill implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #folder: string;
  readonly #say: (text: string) => void;
  #traffic: Traffic | undefined;

  constructor({ engine, folder, say }: DrillOptions) {
    this.#engine = engine;
    this.#folder = folder;
    this.#say = say;
  }

  /** The steps, by what they show. */
  get steps(): readonly (readonly [string, () => Promise<void>])[] {
    return [
      ['three nodes form one cluster behind the balancer', () => this.#starts()],
      ['REST on 80 and gRPC on 8080 write and search', () => this.#serves()],
      ['Prometheus reaches every node and has the rules', () => this.#isWatched()],
      ['a stopped node is missed by nobody, and alerted', () => this.#stopsNode()],
      ['a node that is cut off refuses, the others go on, and it heals', () => this.#cutsNodeOff()],
      ['a fourth node takes its share, and the third can leave', () => this.#growsAndShrinks()],
      ['every acknowledged write is there', () => this.#hasEverything()],
      ['nodes end in order when they are told to', () => this.#stops()],
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#traffic?.[Symbol.asyncDispose]();
  }

  async #starts(): Promise<void> {
    await this.#engine.compose(
      'up',
      '-d',
      ...[1, 2, 3].map((number) => `grape-node-${number}`),
      'nginx',
      'prometheus',
    );
    await eventually('the cluster is green', START_MS_MAX, () => isGreen(BALANCER, 3));
    for (const url of NODES) await rest(`${url}/health`);
    await eventually('containers are healthy', START_MS_MAX, async () => {
      const states = await Promise.all(
        [1, 2, 3].map((number) =>
          this.#engine.docker('inspect', '-f', '{{.State.Health.Status}}', `grape-node-${number}`),
        ),
      );
      return states.every((state) => state === 'healthy');
    });
    const user = await this.#engine.docker('exec', 'grape-node-1', 'stat', '-c', '%U', '/proc/1');
    if (user !== 'grape') throw new Error(`the server runs as ${user}`);
  }

  async #serves(): Promise<void> {
    const vector = vectorOf(1_000_000);
    await rest(`${BALANCER}/vectors`, { id: 'by-rest', vector, payload: { by: 'rest' } });
    using grpc = new GrapeConnection({ url: BALANCER_GRPC, clock: systemClock });
    const float32 = new Uint8Array(Float32Array.from(vectorOf(1_000_001)).buffer);
    const payloadJson = new TextEncoder().encode('{"by":"grpc"}');
    await grpc.call('Points.Upsert', {
      collection: 'default',
      points: [{ id: { text: 'by-grpc' }, vectors: { '': { float32 } }, payloadJson }],
    });
    const found = await grpc.call('Points.Search', {
      collection: 'default',
      vector: { float32: new Uint8Array(Float32Array.from(vector).buffer) },
      limit: 1,
    });
    const [first] = found.points;
    if (first?.id.text !== 'by-rest') throw new Error(`gRPC found ${JSON.stringify(first)}`);
    for (const url of NODES) {
      const { payload } = await rest<{ payload: { by: string } }>(`${url}/vectors/by-grpc`);
      if (payload.by !== 'grpc') throw new Error(`${url} does not have what gRPC wrote`);
    }
    const short = await rest(`${BALANCER}/vectors/search`, { vector: [0.1], limit: 5 }).catch(
      (error: unknown) => error,
    );
    if (!(short instanceof RestFailure) || short.status !== 400)
      throw new Error(`a vector of one number is answered with ${String(short)}`);
  }

  async #isWatched(): Promise<void> {
    await eventually('every target is up', HEAL_MS_MAX, async () => {
      const down = await targetsDown(PROMETHEUS);
      if (down.length > 0) throw new Error(`down: ${down.join(', ')}`);
      return true;
    });
    const known = await alerts(PROMETHEUS);
    for (const name of ['NodeDown', 'HighLatency', 'MemoryUsageHigh', 'ShardWithoutLeader'])
      if (!known.has(name)) throw new Error(`there is no alert ${name}`);
    this.#say(`${known.size} alert rules`);
    this.#traffic = new Traffic(BALANCER);
    await eventually('traffic comes through', HEAL_MS_MAX, async () => {
      const { acknowledged } = this.#trafficNow();
      return acknowledged.length > 20;
    });
    await this.#goesOn('all nodes up', GAP_MS_MAX);
  }

  async #stopsNode(): Promise<void> {
    await this.#engine.compose('stop', 'grape-node-2');
    await this.#passes(FAULT_MS);
    await this.#goesOn('node 2 stopped', GAP_MS_MAX);
    await eventually('NodeDown fires', ALERT_MS_MAX, async () => {
      return (await alerts(PROMETHEUS)).get('NodeDown') === 'firing';
    });
    await this.#engine.compose('start', 'grape-node-2');
    await eventually('the cluster is green again', HEAL_MS_MAX, () => isGreen(BALANCER, 3));
    await this.#goesOn('node 2 back', GAP_MS_MAX);
  }

  async #cutsNodeOff(): Promise<void> {
    await this.#engine.docker('network', 'disconnect', NETWORK, 'grape-node-3');
    await this.#passes(FAULT_MS);
    await this.#goesOn('node 3 cut off', GAP_MS_MAX);
    // Its ports are cut off too: it is asked from inside.
    const body = JSON.stringify({ id: 'never', vector: vectorOf(2_000_000) });
    const status = await this.#engine.docker(
      'exec',
      'grape-node-3',
      'node',
      '-e',
      `fetch('http://127.0.0.1:6333/vectors',{method:'POST',body:${JSON.stringify(body)}}).then((answer)=>console.log(answer.status))`,
    );
    this.#say(`the node that is cut off answers a write with ${status}`);
    if (!/^(?:503|504)$/.test(status)) throw new Error('it should refuse');
    await this.#engine.docker('network', 'connect', NETWORK, 'grape-node-3');
    await eventually('the cluster is green again', HEAL_MS_MAX, () => isGreen(BALANCER, 3));
    await this.#goesOn('node 3 back', GAP_MS_MAX);
  }

  async #growsAndShrinks(): Promise<void> {
    await writeFile(join(this.#folder, 'configs', 'node4.toml'), SHORTEST_FILE);
    await this.#engine.compose('up', '-d', 'grape-node-4');
    await eventually('the fourth node is a member', HEAL_MS_MAX, () => isGreen(BALANCER, 4));
    const newcomer = { node_id: 'node-4', address: 'grape-node-4:6334' };
    await rest(`${BALANCER}/cluster/join`, newcomer);
    await eventually('replicas are spread over four', MOVE_MS_MAX, async () => {
      const held = await replicas(BALANCER);
      return (held.get('node-4') ?? 0) >= 12 && (await this.#isStill());
    });
    await this.#goesOn('the fourth node joined', GAP_MS_MAX);
    await rest(`${BALANCER}/cluster/leave`, { node_id: 'node-3' });
    await eventually('the third node holds nothing', MOVE_MS_MAX, async () => {
      const held = await replicas(BALANCER);
      return (held.get('node-3') ?? 0) === 0 && (await this.#isStill());
    });
    await this.#goesOn('the third node left', GAP_MS_MAX);
    await this.#engine.compose('stop', 'grape-node-3');
    await this.#passes(FAULT_MS);
    await this.#goesOn('the third node stopped', GAP_MS_MAX);
  }

  async #hasEverything(): Promise<void> {
    const traffic = this.#trafficNow();
    await traffic[Symbol.asyncDispose]();
    const { acknowledged } = traffic;
    const missing: number[] = [];
    for (let from = 0; from < acknowledged.length; from += 500) {
      const part = acknowledged.slice(from, from + 500);
      const { points } = await rest<{ points: readonly { id: string }[] }>(
        `${BALANCER}/vectors/get`,
        { ids: part.map((number) => `point-${number}`) },
      );
      const found = new Set(points.map(({ id }) => id));
      missing.push(...part.filter((number) => !found.has(`point-${number}`)));
    }
    this.#say(`${acknowledged.length} acknowledged writes, ${missing.length} of them missing`);
    if (missing.length > 0) throw new Error(`missing: ${missing.slice(0, 10).join(', ')}`);
  }

  async #stops(): Promise<void> {
    for (const name of ['grape-node-4', 'grape-node-2', 'grape-node-1']) {
      const startedAt = performance.now();
      await this.#engine.compose('stop', name);
      const seconds = (performance.now() - startedAt) / 1000;
      const code = await this.#engine.docker('inspect', '-f', '{{.State.ExitCode}}', name);
      this.#say(`${name} ended with ${code} after ${seconds.toFixed(1)} s`);
      if (code !== '0' || seconds > TOO_LONG_A_STOP_S) throw new Error('that is not in order');
    }
  }

  #trafficNow(): Traffic {
    if (this.#traffic === undefined) throw new Error('there is no traffic yet');
    return this.#traffic;
  }

  async #isStill(): Promise<boolean> {
    const { moves, moves_planned: planned } = await rest<{
      moves: readonly unknown[];
      moves_planned: number;
    }>(`${BALANCER}/cluster/migration/status`);
    return moves.length === 0 && planned === 0;
  }

  async #passes(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Tells how traffic was since the last time, and fails where it stood still for too long. */
  async #goesOn(when: string, gapMsMax: number): Promise<void> {
    const traffic = this.#trafficNow();
    // A short time may have had none by chance.
    await eventually(`${when}: a write comes through`, gapMsMax, async () => traffic.writes > 0);
    const { lastFailure } = traffic;
    const { writes, reads, failures, longestGapMs } = traffic.take();
    const last = failures === 0 ? '' : ` (the last: ${lastFailure.slice(0, 160)})`;
    this.#say(
      `${when}: ${writes} writes, ${reads} reads, ${failures} failures${last}; longest gap ${longestGapMs} ms`,
    );
    if (longestGapMs > gapMsMax) throw new Error('traffic stood still');
    if (traffic.staleReads.length > 0) throw new Error(traffic.staleReads.join(', '));
  }
}
