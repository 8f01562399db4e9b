import { VectorDbError } from '../../base/error.ts';
import type { LogIndex } from '../core/entry.ts';
import type { SessionStamp } from './command-envelope.ts';
import type { HostRow } from './state-machine.ts';

/** Results that a session may leave unacknowledged. Part of what is replicated: the same on all nodes for ever. */
export const SESSION_RESULTS_MAX = 1024;

/** The result of a command; until the state machine has given it, the place of the command in its batch. */
export interface SessionAnswer {
  result: Uint8Array | { readonly resultOf: number };
}

/**
 * What becomes of a command of a session. `new`: apply it and put its result into `answer`. `repeat`: it was applied, or is in the same step; `answer` has
 * its result once the step is applied. `expired`: the session is unknown, or its answer was acknowledged and forgotten. `full`: too many answers are not acknowledged.
 */
export type SessionVerdict =
  | { readonly kind: 'new'; readonly answer: SessionAnswer }
  | { readonly kind: 'repeat'; readonly answer: SessionAnswer }
  | { readonly kind: 'expired' }
  | { readonly kind: 'full' };

interface Session {
  lastUsed: LogIndex;
  respondedUpTo: number;
  readonly answers: Map<number, SessionAnswer>;
}

const SESSION_PREFIX = 'session/';
const RESULT_PREFIX = 'result/';
const ROW_BYTES = 16;

/**
 * Client sessions (thesis 6.3): which writes were applied, and with what result, so that a write sent twice is applied once. Part of the replicated
 * state: changed only by entries, in their order, and the same on every replica. A session that is not known is an error, never a new one.
 */
export class SessionTable {
  /** In the order of last use: the first one goes first. */
  readonly #sessions = new Map<number, Session>();
  readonly #changedSessions = new Set<number>();
  readonly #changedResults = new Map<string, SessionAnswer | undefined>();

  /** @throws {VectorDbError} DATA_CORRUPT */
  constructor(rows: ReadonlyMap<string, Uint8Array> = new Map()) {
    const loaded: [number, Session][] = [];
    for (const [key, value] of rows) {
      if (!key.startsWith(SESSION_PREFIX)) continue;
      loaded.push([Number(key.slice(SESSION_PREFIX.length)), decodeSession(value)]);
    }
    // Every entry uses one session, so that last uses are all different.
    for (const [id, session] of loaded.toSorted(([, a], [, b]) => a.lastUsed - b.lastUsed)) {
      this.#sessions.set(id, session);
    }
    for (const [key, value] of rows) {
      if (!key.startsWith(RESULT_PREFIX)) continue;
      const [session, sequence] = key.slice(RESULT_PREFIX.length).split('/').map(Number);
      this.#sessions.get(session ?? 0)?.answers.set(sequence ?? 0, { result: value });
    }
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Opens the session named after the entry's index; where there are too many, the one not used for longest goes. */
  open(index: LogIndex, sessionsMax: number): number {
    for (const [eldest] of this.#sessions) {
      if (this.#sessions.size < sessionsMax) break;
      this.#remove(eldest);
    }
    this.#sessions.set(index, { lastUsed: index, respondedUpTo: 0, answers: new Map() });
    this.#changedSessions.add(index);
    return index;
  }

  /** False where it is not known. */
  close(id: number): boolean {
    const isKnown = this.#sessions.has(id);
    if (isKnown) this.#remove(id);
    return isKnown;
  }

  /**
   * @param index - of the entry that carries the command
   * @param place - that it has among the commands of its batch if it is new
   */
  accept(stamp: SessionStamp, index: LogIndex, place: number): SessionVerdict {
    const id = stamp.session;
    const session = this.#sessions.get(id);
    if (session === undefined) return { kind: 'expired' };
    this.#use(id, session, index);
    this.#forget(id, session, stamp.respondedUpTo);
    const { sequence } = stamp;
    if (sequence <= session.respondedUpTo) return { kind: 'expired' };
    const known = session.answers.get(sequence);
    if (known !== undefined) return { kind: 'repeat', answer: known };
    if (session.answers.size >= SESSION_RESULTS_MAX) return { kind: 'full' };
    const answer: SessionAnswer = { result: { resultOf: place } };
    session.answers.set(sequence, answer);
    this.#changedResults.set(resultKey(id, sequence), answer);
    return { kind: 'new', answer };
  }

  /** The rows that changed since the last call. Results that are not there yet are those of the batch that the rows go with. */
  takeChanges(): readonly HostRow[] {
    const rows: HostRow[] = [];
    for (const id of this.#changedSessions) {
      const session = this.#sessions.get(id);
      rows.push({ key: SESSION_PREFIX + id, value: session && encodeSession(session) });
    }
    for (const [key, answer] of this.#changedResults) {
      rows.push({ key, value: answer?.result });
    }
    this.#changedSessions.clear();
    this.#changedResults.clear();
    return rows;
  }

  #use(id: number, session: Session, index: LogIndex): void {
    session.lastUsed = index;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    this.#changedSessions.add(id);
  }

  #forget(id: number, session: Session, respondedUpTo: number): void {
    if (respondedUpTo <= session.respondedUpTo) return;
    session.respondedUpTo = respondedUpTo;
    for (const sequence of session.answers.keys()) {
      if (sequence > respondedUpTo) continue;
      session.answers.delete(sequence);
      this.#changedResults.set(resultKey(id, sequence), undefined);
    }
  }

  #remove(id: number): void {
    for (const sequence of this.#sessions.get(id)?.answers.keys() ?? []) {
      this.#changedResults.set(resultKey(id, sequence), undefined);
    }
    this.#sessions.delete(id);
    this.#changedSessions.add(id);
  }
}

const resultKey = (session: number, sequence: number): string =>
  `${RESULT_PREFIX}${session}/${sequence}`;

function encodeSession({ lastUsed, respondedUpTo }: Session): Uint8Array {
  const bytes = new Uint8Array(ROW_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(lastUsed));
  view.setBigUint64(8, BigInt(respondedUpTo));
  return bytes;
}

function decodeSession(bytes: Uint8Array): Session {
  if (bytes.byteLength !== ROW_BYTES) {
    throw new VectorDbError('DATA_CORRUPT', 'the row of a session cannot be read');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    lastUsed: Number(view.getBigUint64(0)),
    respondedUpTo: Number(view.getBigUint64(8)),
    answers: new Map(),
  };
}
