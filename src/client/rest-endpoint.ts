import type { Clock } from '../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../base/error.ts';
import type { ClientAnswers, ClientRequest } from './client-request.ts';
import type { AttemptFailure, AttemptOutcome, Endpoint, SendOptions } from './endpoint.ts';
import { readJson, restFailure } from './rest-answer.ts';
import { restRequestOf } from './rest-request.ts';
import { writeJson } from './write-json.ts';

/** Errors of connecting: nothing was sent. */
const UNSENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** What a node gets to say that the time is up, before the client gives up by itself. */
const GRACE_MS = 250;

export interface RestEndpointOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly clock: Clock;
  readonly fetch?: typeof fetch | undefined;
}

/** A node's REST interface. */
export class RestEndpoint implements Endpoint {
  readonly url: string;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: RestEndpointOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.#clock = options.clock;
    this.#fetch = options.fetch ?? fetch;
    this.#headers = options.apiKey === undefined ? {} : { 'api-key': options.apiKey };
  }

  async send<R extends ClientRequest>(
    request: R,
    { timeoutMs, signal, stamp }: SendOptions,
  ): Promise<AttemptOutcome<ClientAnswers[R['kind']]>> {
    const { method, path, body } = restRequestOf(request);
    const headers = {
      ...this.#headers,
      'grape-timeout-ms': String(Math.max(1, Math.floor(timeoutMs))),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(stamp === undefined
        ? {}
        : {
            'grape-session': stamp.session,
            'grape-sequence': `${stamp.sequence}/${stamp.respondedUpTo}`,
          }),
    };
    let text: { readonly body?: string };
    try {
      text = body === undefined ? {} : { body: writeJson(body) };
    } catch (thrown) {
      return failed('unsent', toVectorDbError(thrown));
    }
    return this.#ask(path, { method, headers, ...text }, timeoutMs + GRACE_MS, signal);
  }

  async probe(timeoutMs: number): Promise<boolean> {
    const outcome = await this.#ask('/readyz', { headers: this.#headers }, timeoutMs, undefined);
    return outcome.ok;
  }

  close(): void {
    // Connections are those of the process; at rest they close by themselves.
  }

  async #ask<Answer>(
    path: string,
    init: RequestInit,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<AttemptOutcome<Answer>> {
    if (signal?.aborted) return failed('unsent', new VectorDbError('CANCELLED', 'given up'));
    const end = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => end.abort());
    const cancel = (): void => end.abort();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const response = await this.#fetch(`${this.url}${path}`, { ...init, signal: end.signal });
      const text = await response.text();
      if (response.ok) return { ok: true, answer: readJson(text) as Answer };
      return failed('answered', restFailure(response.status, text, this.url));
    } catch (thrown) {
      return this.#unanswered(thrown, end.signal.aborted, signal?.aborted === true);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', cancel);
    }
  }

  #unanswered(thrown: unknown, isOver: boolean, isCancelled: boolean): AttemptOutcome<never> {
    if (isCancelled) {
      const error = new VectorDbError('CANCELLED', 'given up', { cause: thrown });
      return failed('unanswered', error);
    }
    if (isOver) {
      const text = `${this.url} did not answer in time`;
      const error = new VectorDbError('DEADLINE_EXCEEDED', text, { cause: thrown });
      return failed('unanswered', error);
    }
    const { code, message } = causeOf(thrown);
    const text = `${this.url} cannot be reached: ${message}`;
    const error = new VectorDbError('UNAVAILABLE', text, { cause: thrown });
    return failed(UNSENT_CODES.has(code) ? 'unsent' : 'unanswered', error);
  }
}

function failed(kind: AttemptFailure['kind'], error: VectorDbError): AttemptOutcome<never> {
  return { ok: false, failure: { kind, error } };
}

/** What lies under the one error that fetch has for everything; of several addresses, all have to be refused. */
function causeOf(thrown: unknown): { readonly code: string; readonly message: string } {
  const cause: unknown = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  const errors: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  const codes = errors.map((error) => (error as { readonly code?: string }).code ?? '');
  const isUnsent = codes.every((code) => UNSENT_CODES.has(code));
  const message = errors.map((error) => (error as Error).message || 'no reason given').join('; ');
  return { code: isUnsent ? (codes[0] ?? '') : '', message };
}
