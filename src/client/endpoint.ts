import type { VectorDbError } from '../base/error.ts';
import type { ClientAnswers, ClientRequest } from './client-request.ts';

/** Which write of which client this is. */
export interface RequestStamp {
  readonly session: string;
  readonly sequence: number;
  readonly respondedUpTo: number;
}

export interface SendOptions {
  /** Until when the answer has to be there, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Absent: the write, if it is one, is not to be sent again. */
  readonly stamp?: RequestStamp | undefined;
}

/**
 * Why an attempt failed. `unsent`: the node cannot have got it. `answered`: the node said so. `unanswered`: the node may have got it, and said nothing.
 */
export interface AttemptFailure {
  readonly kind: 'unsent' | 'answered' | 'unanswered';
  readonly error: VectorDbError;
}

/** What came of an attempt. */
export type AttemptOutcome<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: AttemptFailure };

/** One node as a client reaches it. */
export interface Endpoint {
  /** As the client was told. */
  readonly url: string;
  /** Never rejects. */
  send<R extends ClientRequest>(
    request: R,
    options: SendOptions,
  ): Promise<AttemptOutcome<ClientAnswers[R['kind']]>>;
  /** Whether the node takes requests; never rejects. */
  probe(timeoutMs: number): Promise<boolean>;
  close(): void;
}
