import { VectorDbError } from '../base/error.ts';
import type { DatabaseStatus, VectorDatabase } from '../database/vector-database.ts';

/** A database for edges that listen before the real one is open. */
export interface StartingDatabase {
  readonly database: VectorDatabase;
  /** From now on, everything goes to `database`. */
  open(database: VectorDatabase): void;
  /** From now on, everything is refused again. */
  close(): void;
}

const STARTING: DatabaseStatus = {
  ready: false,
  reasons: ['the node is starting'],
  collections: 0,
  points: 0,
  writable: false,
};

/** Refuses every operation with NOT_READY, then passes them on, then refuses them with SHUTTING_DOWN. */
export function startingDatabase(): StartingDatabase {
  let target: VectorDatabase | undefined;
  let refusal = new VectorDbError('NOT_READY', 'the node is starting', { retryAfterMs: 500 });
  const database = new Proxy({} as VectorDatabase, {
    get(_target, name: string | symbol) {
      // Whoever resolves a promise with this asks whether it is one itself.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      const operation = name as keyof VectorDatabase;
      if (target !== undefined) return target[operation].bind(target);
      if (operation === 'status') return async () => STARTING;
      return async () => {
        throw refusal;
      };
    },
  });
  return {
    database,
    open(opened) {
      target = opened;
    },
    close() {
      target = undefined;
      refusal = new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
    },
  };
}
