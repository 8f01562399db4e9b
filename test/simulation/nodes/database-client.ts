import { VectorDbError } from '../../../src/base/error.ts';
import type { PointInput as Point, PointSelector } from '../../../src/database/vector-database.ts';
import type { StoredPoint } from '../../../src/storage/stored-point.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { RandomStream } from '../world/random-streams.ts';
import type { NameInput, NameOutput } from './name-model.ts';
import type { NodeDatabase } from './node-database.ts';
import type { NodesSwarm } from './nodes-options.ts';
import type { OngoingOperation, OperationLog } from './operation-log.ts';
import { type PointInput, type PointOutput, pointText } from './point-model.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

export const COLLECTION = 'points';
/** Names of collections and aliases that come and go. */
const NAMES = ['hats', 'coats'];
const ALIAS = 'garment';
/** Operations on one key; then another key takes its place, so that a history can be judged. */
const OPERATIONS_A_KEY = 50;

/** Codes after which a write of one point may yet be seen, or may have been. */
const UNSURE: ReadonlySet<string> = new Set([
  'OUTCOME_UNKNOWN',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'INTERNAL',
  'SESSION_EXPIRED',
]);

type Attempt<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly code: string }
  /** Nobody answered. */
  | { readonly kind: 'lost' };

type PointOperation = OngoingOperation<PointInput, PointOutput>;

export interface DatabaseClientOptions {
  readonly name: string;
  readonly swarm: NodesSwarm;
  readonly queue: EventQueue;
  readonly random: RandomStream;
  /** Those that were ever started. */
  readonly machines: readonly SimulatedMachine[];
  readonly points: OperationLog<PointInput, PointOutput>;
  readonly names: OperationLog<NameInput, NameOutput>;
  readonly count: (what: string) => void;
}

/** Does one operation after the other on whatever node answers, and writes down what it saw. */
export class DatabaseClient {
  readonly #options: DatabaseClientOptions;
  #values = 0;
  #session: { readonly id: string; sequence: number } | undefined;
  isBusy = false;
  /** Answers since it was asked last. */
  answered = 0;

  constructor(options: DatabaseClientOptions) {
    this.#options = options;
  }

  /** Begins the next operation, unless one is under way. */
  async next(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    const { random, swarm } = this.#options;
    if (random.happens(swarm.catalogChance)) await this.#changeNames();
    else if (random.happens(swarm.readChance)) await this.#read();
    else if (random.happens(swarm.sessionChance)) await this.#writeInSession();
    else await this.#write();
    this.isBusy = false;
  }

  /** Has the collection that all clients use, once it is there. */
  async create(): Promise<boolean> {
    const vectors = { '': { dimension: 2, distance: 'euclid' } } as const;
    const attempt = await this.#ask(({ collections }) =>
      collections.createCollection({ name: COLLECTION, vectors }),
    );
    return (
      attempt.kind === 'answered' ||
      (attempt.kind === 'failed' && attempt.code === 'ALREADY_EXISTS')
    );
  }

  #keys(): readonly string[] {
    const { swarm, points } = this.#options;
    const era = Math.floor(points.operations.length / (OPERATIONS_A_KEY * swarm.keys));
    return Array.from({ length: swarm.keys }, (_, at) => `k${at}.${era}`);
  }

  #value(): string {
    this.#values += 1;
    return `${this.#options.name}.${this.#values}`;
  }

  #call(input: PointInput): PointOperation {
    const { points, name, queue } = this.#options;
    return points.call(name, queue.executed, input);
  }

  #return(operations: readonly PointOperation[], output: (key: string) => PointOutput): void {
    const at = this.#options.queue.executed;
    for (const operation of operations) {
      operation.returned = { at, output: output(operation.input.key) };
    }
    this.answered += 1;
  }

  async #read(): Promise<void> {
    const { random, count } = this.#options;
    const keys = this.#keys();
    const how = random.pick(['get', 'get', 'search', 'scroll', 'count', 'local'] as const);
    const asked = how === 'count' ? [random.pick(keys)] : keys;
    const operations = asked.map((key) =>
      this.#call({ kind: how === 'count' ? 'exists' : 'read', key }),
    );
    if (how === 'local') for (const operation of operations) operation.isVoid = true;
    const attempt = await this.#ask((database) => this.#readOf(how, asked, database));
    if (attempt.kind !== 'answered') {
      for (const operation of operations) operation.isVoid = true;
      count(`${how} ${attempt.kind === 'failed' ? attempt.code : 'lost'}`);
      return;
    }
    count(how);
    this.#return(operations, (key) => ({ seen: attempt.value.get(key) ?? '' }));
  }

  async #readOf(
    how: 'get' | 'search' | 'scroll' | 'count' | 'local',
    keys: readonly string[],
    { reads }: NodeDatabase,
  ): Promise<ReadonlyMap<string, string>> {
    const collection = COLLECTION;
    const select = { payload: true, vectors: false };
    switch (how) {
      case 'get':
        return seenIn(await reads.getPoints(collection, keys, select));
      case 'local':
        return seenIn(await reads.getPoints(collection, keys, select, { consistency: 'local' }));
      case 'scroll':
        return seenIn((await reads.scroll({ collection, limit: 10_000, select })).points);
      case 'search': {
        const vector = Float32Array.of(1, 2);
        return seenIn((await reads.search({ collection, vector, limit: 1000, select })).points);
      }
      case 'count': {
        const filter = { must: [{ kind: 'hasId', ids: keys }] } as const;
        const found = await reads.count({ collection, filter });
        return new Map(keys.map((key) => [key, found === 0 ? '' : 'there']));
      }
    }
  }

  async #write(): Promise<void> {
    const { random, swarm } = this.#options;
    const key = random.pick(this.#keys());
    const kind = random.pick([
      'upsert',
      'upsert',
      'upsert',
      'delete',
      'setNote',
      'overwrite',
      'deleteIf',
    ] as const);
    if (kind === 'upsert') {
      const keys = random.shuffled(this.#keys()).slice(0, 1 + random.below(swarm.batchMax));
      return this.#upsert(keys);
    }
    const input: PointInput =
      kind === 'delete'
        ? { kind, key }
        : { kind, key, value: kind === 'deleteIf' ? this.#guess(key) : this.#value() };
    const operation = this.#call(input);
    const attempt = await this.#ask((database) => writeOf(input, database));
    this.#settle([operation], attempt, true);
  }

  /** A value that the key may have. */
  #guess(key: string): string {
    const { points, random } = this.#options;
    const written = points.operations
      .slice(-60)
      .map(({ input }) => input)
      .filter((input) => input.key === key && input.kind === 'upsert');
    const [first] = random.shuffled(written);
    return first !== undefined && 'value' in first ? first.value : 'nobody';
  }

  async #upsert(keys: readonly string[]): Promise<void> {
    const { operations, points } = this.#upserts(keys);
    const attempt = await this.#ask(({ writes }) => writes.upsertPoints(COLLECTION, points));
    this.#settle(operations, attempt, true);
  }

  #upserts(keys: readonly string[]): {
    readonly operations: readonly PointOperation[];
    readonly points: readonly Point[];
  } {
    const inputs = keys.map((key) => ({ kind: 'upsert', key, value: this.#value() }) as const);
    return {
      operations: inputs.map((input) => this.#call(input)),
      points: inputs.map(({ key, value }) => ({
        id: key,
        vectors: { '': Float32Array.of(this.#values, 1) },
        payload: payloadOf({ v: value }),
      })),
    };
  }

  /** @param isFirst - no earlier attempt may have had an effect */
  #settle(
    operations: readonly PointOperation[],
    attempt: Attempt<{ readonly changed: number }>,
    isFirst: boolean,
  ): void {
    const [operation] = operations;
    if (operation === undefined) return;
    const { kind } = operation.input;
    const { count } = this.#options;
    if (attempt.kind === 'answered') {
      const { changed } = attempt.value;
      this.#return(operations, () => ({ changed: operations.length === 1 ? changed : undefined }));
      count(kind);
      return;
    }
    count(`${kind} ${attempt.kind === 'failed' ? attempt.code : 'lost'}`);
    // Of several parts some may have been applied.
    const isRefused =
      attempt.kind === 'failed' && !UNSURE.has(attempt.code) && operations.length === 1;
    if (isRefused && isFirst) operation.isVoid = true;
  }

  /** The same write until it is answered, at one node after the other. */
  async #writeInSession(): Promise<void> {
    const { random, queue, count } = this.#options;
    if (this.#session === undefined) {
      const opened = await this.#ask(({ writes }) => writes.openSession());
      if (opened.kind !== 'answered') return;
      this.#session = { id: opened.value, sequence: 0 };
      count('session');
    }
    const session = this.#session;
    session.sequence += 1;
    const { sequence } = session;
    const stamp = { session: session.id, sequence, respondedUpTo: sequence - 1 };
    const { operations, points } = this.#upserts([random.pick(this.#keys())]);
    let isFirst = true;
    for (let attempts = 0; attempts < 10; attempts += 1) {
      const attempt = await this.#ask(({ writes }) =>
        writes.upsertPoints(COLLECTION, points, { stamp }),
      );
      this.#settle(operations, attempt, isFirst);
      if (attempt.kind === 'answered') return;
      isFirst &&= attempt.kind === 'failed' && !UNSURE.has(attempt.code);
      if (attempt.kind === 'failed' && attempt.code === 'SESSION_EXPIRED') break;
      for (const operation of operations) operation.isVoid = false;
      await new Promise<void>((resolve) => {
        queue.schedule(random.exponential(200), 'client again', resolve);
      });
    }
    this.#session = undefined;
  }

  async #changeNames(): Promise<void> {
    const { random, names, name: client, queue, count } = this.#options;
    const name = random.pick(NAMES);
    const kind = random.pick(['create', 'create', 'drop', 'exists', 'exists', 'set'] as const);
    const input: NameInput =
      kind === 'set' ? { kind, name: ALIAS, to: COLLECTION } : { kind, name };
    const operation = names.call(client, queue.executed, input);
    const attempt = await this.#ask((database) => nameOf(input, database));
    const code = attempt.kind === 'failed' ? attempt.code : attempt.kind;
    count(`${kind} name ${code}`);
    const answers: Readonly<Record<string, boolean>> = {
      ALREADY_EXISTS: false,
      COLLECTION_NOT_FOUND: false,
    };
    if (attempt.kind === 'answered' || code in answers) {
      const was = attempt.kind === 'answered' ? attempt.value : (answers[code] ?? false);
      operation.returned = { at: queue.executed, output: { was } };
      this.answered += 1;
    } else {
      operation.isVoid =
        kind === 'exists' || (attempt.kind === 'failed' && !UNSURE.has(attempt.code));
    }
  }

  /** Asks a node; its answer, its refusal, or nothing for too long. */
  #ask<T>(ask: (database: NodeDatabase) => Promise<T>): Promise<Attempt<T>> {
    const { machines, queue, random, name, swarm } = this.#options;
    const up = machines.filter(({ open }) => open !== undefined);
    const machine = up.length > 0 && random.happens(0.95) ? random.pick(up) : random.pick(machines);
    return new Promise((resolve, reject) => {
      const timer = queue.schedule(
        swarm.timeoutMs + random.between(200, 3000),
        `${name} gives up`,
        () => resolve({ kind: 'lost' }),
      );
      const end = (attempt: Attempt<T>): void => {
        timer.cancel();
        resolve(attempt);
      };
      const { open, process } = machine;
      if (open === undefined) {
        end({ kind: 'failed', code: 'NOT_FOUND' });
        return;
      }
      process?.deliver(`${name} asks n${machine.number}`, () => {
        ask(open.database).then(
          (value) => end({ kind: 'answered', value }),
          (error: unknown) => {
            if (error instanceof VectorDbError) end({ kind: 'failed', code: error.code });
            else reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    });
  }
}

const payloadOf = (fields: Readonly<Record<string, string>>): Uint8Array =>
  Buffer.from(JSON.stringify(fields));

function seenIn(points: readonly StoredPoint[]): ReadonlyMap<string, string> {
  return new Map(
    points.map(({ id, payload }) => {
      const { v = '', n = '' } = JSON.parse(Buffer.from(payload).toString()) as {
        readonly v?: string;
        readonly n?: string;
      };
      return [String(id), pointText({ value: v, note: n })];
    }),
  );
}

function writeOf(
  input: PointInput,
  { writes }: NodeDatabase,
): Promise<{ readonly changed: number }> {
  const ids: PointSelector = { kind: 'ids', ids: [input.key] };
  switch (input.kind) {
    case 'setNote':
      return writes.setPayload(COLLECTION, ids, payloadOf({ n: input.value }));
    case 'overwrite':
      return writes.overwritePayload(COLLECTION, ids, payloadOf({ v: input.value }));
    case 'deleteIf': {
      const test = { kind: 'value', value: input.value } as const;
      const filter = { must: [{ kind: 'field', key: 'v', test }] } as const;
      return writes.deletePoints(COLLECTION, { kind: 'filter', filter });
    }
    default:
      return writes.deletePoints(COLLECTION, ids);
  }
}

async function nameOf(input: NameInput, { collections, reads }: NodeDatabase): Promise<boolean> {
  const { name } = input;
  switch (input.kind) {
    case 'create': {
      const vectors = { '': { dimension: 2, distance: 'euclid' } } as const;
      await collections.createCollection({ name, vectors });
      return true;
    }
    case 'drop':
      return collections.dropCollection(name);
    case 'exists':
      await reads.count({ collection: name });
      return true;
    case 'set':
      await collections.updateAliases([{ kind: 'create', alias: name, collection: input.to }]);
      return true;
  }
}
