import { createHash, timingSafeEqual } from 'node:crypto';
import { VectorDbError } from '../base/error.ts';

/** The keys that callers may show; with neither of them set, every caller may do everything. */
export interface ApiKeys {
  /** Permits everything. */
  readonly full?: string | undefined;
  /** Permits what changes nothing. */
  readonly readOnly?: string | undefined;
}

/** What an operation asks of its caller: nothing, any key, or the full key. */
export type Access = 'open' | 'read' | 'write';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Decides who may do what; keys are compared in constant time, by their digests. */
export class Authentication {
  readonly #full: Buffer | undefined;
  readonly #readOnly: Buffer | undefined;

  constructor(keys: ApiKeys) {
    this.#full = keys.full ? digest(keys.full) : undefined;
    this.#readOnly = keys.readOnly ? digest(keys.readOnly) : undefined;
  }

  get isNeeded(): boolean {
    return this.#full !== undefined || this.#readOnly !== undefined;
  }

  /**
   * @param key - what the caller showed; undefined: nothing
   * @throws {VectorDbError} UNAUTHENTICATED, PERMISSION_DENIED
   */
  permit(access: Access, key: string | undefined): void {
    if (access === 'open' || !this.isNeeded) return;
    if (key === undefined) {
      throw new VectorDbError(
        'UNAUTHENTICATED',
        'an API key is needed: `api-key` or `Authorization: Bearer`',
      );
    }
    const shown = digest(key);
    const isFull = this.#full !== undefined && timingSafeEqual(shown, this.#full);
    const isReadOnly = this.#readOnly !== undefined && timingSafeEqual(shown, this.#readOnly);
    if (isFull) return;
    if (!isReadOnly) throw new VectorDbError('UNAUTHENTICATED', 'the API key is not known');
    if (access === 'write') {
      throw new VectorDbError('PERMISSION_DENIED', 'the API key permits reading only');
    }
  }
}

/** The key in the values of the headers (or metadata) `api-key` and `authorization`; the first one counts. */
export function shownKey(
  apiKey: string | undefined,
  authorization: string | undefined,
): string | undefined {
  if (apiKey !== undefined) return apiKey;
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
