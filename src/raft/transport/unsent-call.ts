import { VectorDbError } from '../../base/error.ts';

/** A call of which no byte has left: its node cannot be reached, and it certainly has no effect. */
export class UnsentCall extends VectorDbError {
  constructor(message: string, details: { readonly retryAfterMs?: number } = {}) {
    super('UNAVAILABLE', message, details);
  }
}
