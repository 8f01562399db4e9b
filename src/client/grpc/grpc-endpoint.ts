import type { ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock.ts';
import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { ClientAnswers, ClientRequest } from '../client-request.ts';
import type { AttemptFailure, AttemptOutcome, Endpoint, SendOptions } from '../endpoint.ts';
import { GrapeConnection } from './grape-connection.ts';
import { GrpcExchange } from './grpc-exchange.ts';

export interface GrpcEndpointOptions {
  /** As the client was told. */
  readonly url: string;
  /** `host:port`. */
  readonly place: string;
  readonly apiKey?: string | undefined;
  readonly tls: boolean;
  readonly caPath?: string | undefined;
  readonly clock: Clock;
}

/** A node's gRPC interface. */
export class GrpcEndpoint implements Endpoint {
  readonly url: string;
  readonly #connection: GrapeConnection;
  readonly #exchange: GrpcExchange;

  constructor({ url, place, apiKey, tls, caPath, clock }: GrpcEndpointOptions) {
    this.url = url;
    this.#connection = new GrapeConnection({ url: place, apiKey, tls, caPath, clock });
    this.#exchange = new GrpcExchange(this.#connection);
  }

  async send<R extends ClientRequest>(
    request: R,
    { timeoutMs, signal, stamp }: SendOptions,
  ): Promise<AttemptOutcome<ClientAnswers[R['kind']]>> {
    const metadata =
      stamp === undefined
        ? undefined
        : {
            'grape-session': stamp.session,
            'grape-sequence': `${stamp.sequence}/${stamp.respondedUpTo}`,
          };
    try {
      const answer = await this.#exchange.ask(request, { timeoutMs, signal, metadata });
      return { ok: true, answer: answer as ClientAnswers[R['kind']] };
    } catch (thrown) {
      return { ok: false, failure: failureOf(toVectorDbError(thrown), this.url) };
    }
  }

  async probe(timeoutMs: number): Promise<boolean> {
    try {
      return (await this.#connection.call('Node.Info', {}, { timeoutMs })).ready;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#connection[Symbol.dispose]();
  }
}

/** How the library begins the message of a call that found no connection, and was not sent. */
const UNSENT = /^(?:No connection established|Name resolution failed)/;

function failureOf(error: VectorDbError, url: string): AttemptFailure {
  const status = error.cause as Partial<ServiceError> | undefined;
  const isOfNode = status?.metadata?.get('grape-error-code')[0] !== undefined;
  // An error without a status was found before anything was sent.
  if (status?.metadata === undefined) return { kind: 'unsent', error };
  if (isOfNode) return { kind: 'answered', error };
  if (error.code !== 'NOT_READY') return { kind: 'unanswered', error };
  const text = `${url} cannot be reached: ${status.details ?? ''}`;
  const unreached = new VectorDbError('UNAVAILABLE', text, { cause: error });
  return { kind: UNSENT.test(status.details ?? '') ? 'unsent' : 'unanswered', error: unreached };
}
