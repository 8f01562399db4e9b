import { VectorDbError } from '../base/error.ts';
import type { ClusterAdmin } from '../database/cluster-admin.ts';
import type { DatabaseStatus, VectorDatabase } from '../database/vector-database.ts';

/** What edges that listen before the database is open stand on. */
export interface StartingDatabase {
  readonly database: VectorDatabase;
  readonly cluster: ClusterAdmin;
  /** Why it is not open yet. */
  waitFor(reasons: readonly string[]): void;
  /** From now on, everything goes to these. */
  open(opened: { readonly database: VectorDatabase; readonly cluster: ClusterAdmin }): void;
  /** From now on, the database refuses everything and says why; others may serve it. */
  leave(why: string): void;
  readonly hasLeft: boolean;
  /** From now on, everything is refused again. */
  close(): void;
}

/** Refuses every operation with NOT_READY, then passes them on, then refuses them with SHUTTING_DOWN; or with UNAVAILABLE, where it has left its cluster. */
export function startingDatabase(): StartingDatabase {
  let reasons: readonly string[] = [];
  let isClosed = false;
  let left: string | undefined;
  const refusal = (): VectorDbError => {
    if (isClosed) return new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
    if (left !== undefined) return new VectorDbError('UNAVAILABLE', left);
    const why = ['the node is starting', ...reasons].join('; ');
    return new VectorDbError('NOT_READY', why, { retryAfterMs: 500 });
  };
  const status = async (): Promise<DatabaseStatus> => ({
    ready: false,
    reasons: left === undefined ? ['the node is starting', ...reasons] : [left],
    collections: 0,
    points: 0,
    writable: false,
  });
  const database = passing<VectorDatabase>(refusal, { status });
  const cluster = passing<ClusterAdmin>(refusal, {});
  return {
    database: database.face,
    cluster: cluster.face,
    waitFor(given) {
      reasons = given;
    },
    open(opened) {
      if (left === undefined) database.pass(opened.database);
      cluster.pass(opened.cluster);
    },
    get hasLeft() {
      return left !== undefined;
    },
    leave(why) {
      left = why;
      database.pass(undefined);
    },
    close() {
      isClosed = true;
      database.pass(undefined);
      cluster.pass(undefined);
    },
  };
}

/** A face of something that is there only from some moment on. */
function passing<T extends object>(refusal: () => VectorDbError, meanwhile: Partial<T>) {
  let target: T | undefined;
  const face = new Proxy({} as T, {
    get(_target, name: string | symbol) {
      // Whoever resolves a promise with this asks whether it is one itself.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      const operation = name as keyof T;
      const from = target ?? meanwhile;
      const found = from[operation];
      if (typeof found === 'function') return found.bind(from);
      return async () => {
        throw refusal();
      };
    },
  });
  return {
    face,
    pass(given: T | undefined) {
      target = given;
    },
  };
}
