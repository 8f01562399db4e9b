import { setTimeout as wait } from 'node:timers/promises';
import { type Random, seededRandom } from '../../../../src/base/random.ts';
import type { ClientRequest, FoundPoint } from '../../../../src/client/client-request.ts';
import type { AttemptOutcome } from '../../../../src/client/endpoint.ts';
import type { Operation } from '../../../simulation/linearizability/operation.ts';
import { type Asker, isWithoutEffect } from './asker.ts';
import type { PointInput, PointOutput, PointState } from './point-model.ts';
import { cosine, directionOf, vectorOf } from './point-vectors.ts';
import { RequestLog } from './request-log.ts';

/** Collaborators and sizes of {@link PointWorkload}. */
export interface PointWorkloadOptions {
  /** Whom the workers ask; each worker has one of them, so that one who does not answer holds up nobody else. */
  readonly askers: readonly Asker[];
  /** How many points there may be. */
  readonly keys: number;
  /** How many requests each asker has under way at the same time. */
  readonly workersEach: number;
  /** What is done, but for its timing. */
  readonly seed: number;
  /** Milliseconds that a worker rests after a request. */
  readonly pauseMs?: number;
}

/** Of shares of all requests; the rest are searches. */
const SHARES = { write: 0.35, note: 0.05, delete: 0.1, get: 0.15, scroll: 0.01, local: 0.1 };
const SCORE_ERROR_MAX = 1e-3;
const VECTOR_ERROR_MAX = 1e-5;
const WRONG_MAX = 20;

/** Clients that change and read a few points at random, and keep what they saw. */
export class PointWorkload {
  /** What clients did and saw, for the checker. */
  readonly history: Operation<PointInput, PointOutput>[] = [];
  readonly log = new RequestLog();
  /** Answers that are wrong whatever happened before. */
  readonly wrong: string[] = [];
  readonly #options: PointWorkloadOptions;
  readonly #random: Random;
  /** Values and notes that were sent, by key. */
  readonly #sent = new Map<number, Set<string>>();
  #next = 1;
  #isEnding = false;
  #workers: readonly Promise<void>[] = [];

  constructor(options: PointWorkloadOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  /** Begins, or goes on; returns at once. */
  start(): void {
    this.#isEnding = false;
    const { askers, workersEach } = this.#options;
    this.#workers = askers.flatMap((asker, at) =>
      Array.from({ length: workersEach }, (_, one) => this.#work(asker, `${at}/${one}`)),
    );
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#workers);
  }

  /** Reads every point by one asker; the answers belong to the history. @throws {Error} it cannot be read */
  async readAll(asker: Asker, by = 'reader'): Promise<ReadonlyMap<number, PointState>> {
    const calledAt = performance.now();
    const outcome = await asker.ask({
      kind: 'scroll',
      limit: this.#options.keys + 1,
      withVectors: true,
    });
    if (!outcome.ok) throw outcome.failure.error;
    const seen = this.#pointsOf(outcome.answer.points, `a scroll of ${asker.name}`);
    this.#sawAll(by, calledAt, seen);
    return seen;
  }

  async #work(asker: Asker, client: string): Promise<void> {
    const { pauseMs = 0 } = this.#options;
    while (!this.#isEnding) {
      await this.#request(asker, client);
      if (pauseMs > 0) await wait(pauseMs);
    }
  }

  async #request(asker: Asker, client: string): Promise<void> {
    const { keys } = this.#options;
    const key = this.#random.below(keys);
    let lot = this.#random.next();
    const falls = (share: number): boolean => (lot -= share) < 0;
    if (falls(SHARES.write)) return this.#write(client, asker, 'write', key);
    if (falls(SHARES.note)) return this.#write(client, asker, 'note', key);
    if (falls(SHARES.delete)) return this.#write(client, asker, 'delete', key);
    if (falls(SHARES.get)) return this.#get(client, asker, key);
    if (falls(SHARES.scroll)) return this.#scroll(client, asker);
    return this.#search(client, asker, key, falls(SHARES.local));
  }

  async #write(
    client: string,
    asker: Asker,
    kind: 'write' | 'note' | 'delete',
    key: number,
  ): Promise<void> {
    const text = kind === 'delete' ? undefined : `v${this.#next++}`;
    if (text !== undefined) {
      const sent = this.#sent.get(key) ?? new Set();
      this.#sent.set(key, sent.add(text));
    }
    const input: PointInput = { kind, key, ...(text === undefined ? {} : { text }) };
    const calledAt = performance.now();
    const outcome = await asker.ask(writeRequest(input));
    const at = performance.now();
    this.#note('write', asker, calledAt, outcome);
    if (outcome.ok) {
      const output = { changed: (outcome.answer as { readonly changed: number }).changed };
      this.history.push({ client, calledAt, input, returned: { at, output } });
    } else if (!isWithoutEffect(outcome)) {
      this.history.push({ client, calledAt, input, returned: undefined });
      await wait(UNSURE_PAUSE_MS);
    }
  }

  async #get(client: string, asker: Asker, key: number): Promise<void> {
    const calledAt = performance.now();
    const outcome = await asker.ask({ kind: 'get', ids: [idOf(key)], withVectors: true });
    this.#note('read', asker, calledAt, outcome);
    if (!outcome.ok) return;
    const seen = this.#pointsOf(outcome.answer.points, `a get of ${asker.name}`);
    this.#saw(client, calledAt, key, seen.get(key));
  }

  async #scroll(client: string, asker: Asker): Promise<void> {
    const calledAt = performance.now();
    const limit = this.#options.keys + 1;
    const outcome = await asker.ask({ kind: 'scroll', limit, withVectors: true });
    this.#note('read', asker, calledAt, outcome);
    if (!outcome.ok) return;
    this.#sawAll(
      client,
      calledAt,
      this.#pointsOf(outcome.answer.points, `a scroll of ${asker.name}`),
    );
  }

  async #search(client: string, asker: Asker, key: number, isLocal: boolean): Promise<void> {
    const calledAt = performance.now();
    const limit = 1 + this.#random.below(5);
    const outcome = await asker.ask({
      kind: 'search',
      vector: directionOf(key),
      limit,
      withVectors: true,
      ...(isLocal ? { consistency: 'local' } : {}),
    });
    this.#note(isLocal ? 'local' : 'read', asker, calledAt, outcome);
    if (!outcome.ok) return;
    const { results } = outcome.answer;
    const what = `a search of ${asker.name}`;
    const seen = this.#pointsOf(results, what);
    for (const { id, score, vector } of results) {
      if (vector === undefined) continue;
      const expected = cosine(directionOf(key), vector);
      if (Math.abs(expected - score) > SCORE_ERROR_MAX)
        this.#isWrong(`${what}: score of ${String(id)} is ${score}, not ${expected}`);
    }
    if (isLocal) return;
    for (const [found, state] of seen) this.#saw(client, calledAt, found, state);
    if (!seen.has(key)) this.#saw(client, calledAt, key, undefined);
  }

  #sawAll(client: string, calledAt: number, seen: ReadonlyMap<number, PointState>): void {
    for (let key = 0; key < this.#options.keys; key += 1)
      this.#saw(client, calledAt, key, seen.get(key));
  }

  #saw(client: string, calledAt: number, key: number, seen: PointState): void {
    const at = performance.now();
    const output: PointOutput = seen === undefined ? {} : { seen };
    this.history.push({ client, calledAt, input: { kind: 'read', key }, returned: { at, output } });
  }

  /** States by key; what nobody wrote, or not so, is wrong. */
  #pointsOf(points: readonly FoundPoint[], what: string): ReadonlyMap<number, PointState> {
    const states = new Map<number, PointState>();
    for (const { id, payload, vector } of points) {
      const key = Number(String(id).slice(1));
      const { value = '', note = '' } = (payload ?? {}) as { value?: string; note?: string };
      if (states.has(key)) this.#isWrong(`${what}: ${String(id)} is there twice`);
      states.set(key, { value, note });
      const sent = this.#sent.get(key);
      if (sent?.has(value) !== true || (note !== '' && !sent.has(note))) {
        this.#isWrong(`${what}: nobody gave ${String(id)} ${value} and ${note}`);
        continue;
      }
      const expected = vectorOf(key, value);
      const isSame = vector?.every(
        (each, at) => Math.abs(each - (expected[at] as number)) < VECTOR_ERROR_MAX,
      );
      if (isSame !== true) this.#isWrong(`${what}: ${String(id)} has not the vector of ${value}`);
    }
    return states;
  }

  #isWrong(text: string): void {
    if (this.wrong.length < WRONG_MAX) this.wrong.push(text);
  }

  #note(
    what: 'write' | 'read' | 'local',
    { name, isPatient }: Asker,
    startMs: number,
    outcome: AttemptOutcome<unknown>,
  ): void {
    const endMs = performance.now();
    const end = outcome.ok ? { code: 'OK' as const } : endOf(outcome.failure);
    this.log.add({ what, isPatient, asked: name, startMs, endMs, ...end });
  }
}

function endOf({ kind, error }: Extract<AttemptOutcome<never>, { ok: false }>['failure']) {
  const code = { unsent: 'UNSENT', unanswered: 'UNANSWERED', answered: error.code } as const;
  return { code: code[kind], text: error.message };
}

function writeRequest({ kind, key, text = '' }: PointInput): ClientRequest {
  const ids = [idOf(key)];
  if (kind === 'delete') return { kind: 'delete', selector: { ids } };
  if (kind === 'note') return { kind: 'setPayload', selector: { ids }, payload: { note: text } };
  const point = { id: idOf(key), vector: vectorOf(key, text), payload: { value: text } };
  return { kind: 'upsert', points: [point] };
}

/** After a write that may have happened, as a careful client would: a node that refuses at once would fill the history with what nobody can judge. */
const UNSURE_PAUSE_MS = 200;

/** The id of a key's point. */
export const idOf = (key: number): string => `p${key}`;
