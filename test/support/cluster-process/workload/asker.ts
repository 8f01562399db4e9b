import { systemClock } from '../../../../src/base/clock.ts';
import { toVectorDbError } from '../../../../src/base/error.ts';
import type { ErrorCode } from '../../../../src/base/error-codes.ts';
import type { ClientAnswers, ClientRequest } from '../../../../src/client/client-request.ts';
import { ClusterClient } from '../../../../src/client/cluster-client.ts';
import { connectEndpoint } from '../../../../src/client/connect-endpoint.ts';
import type { AttemptOutcome } from '../../../../src/client/endpoint.ts';

/** Somebody who asks a cluster, one way or another. */
export interface Asker extends Disposable {
  /** For people. */
  readonly name: string;
  /** Whether it asks again by itself; then it may not fail. */
  readonly isPatient: boolean;
  /** Never rejects. */
  ask<R extends ClientRequest>(request: R): Promise<AttemptOutcome<ClientAnswers[R['kind']]>>;
}

const PLAIN_TIMEOUT_MS = 5_000;

/** Asks one node once, as any client would that knows nothing of clusters. @param url - `http://` or `grpc://` */
export function plainAsker(url: string, timeoutMs = PLAIN_TIMEOUT_MS): Asker {
  const endpoint = connectEndpoint({ url, clock: systemClock });
  return {
    name: url,
    isPatient: false,
    ask: (request) => endpoint.send(request, { timeoutMs }),
    [Symbol.dispose]: () => endpoint.close(),
  };
}

/** Asks through the project's own client. */
export function patientAsker(urls: readonly string[]): Asker {
  const client = new ClusterClient({ endpoints: urls });
  return {
    name: `client of ${urls.length}`,
    isPatient: true,
    async ask<R extends ClientRequest>(request: R) {
      try {
        const answer = (await send(client, request)) as ClientAnswers[R['kind']];
        return { ok: true, answer };
      } catch (thrown) {
        return { ok: false, failure: { kind: 'answered', error: toVectorDbError(thrown) } };
      }
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

function send(client: ClusterClient, request: ClientRequest): Promise<unknown> {
  switch (request.kind) {
    case 'upsert':
      return client.upsert(request.points, request);
    case 'delete':
      return client.delete(request.selector, request);
    case 'setPayload':
      return client.setPayload(request.selector, request.payload, request);
    case 'get':
      return client.get(request.ids, fieldsOf(request));
    case 'search':
      return client.search(request);
    case 'scroll':
      return client.scroll(request);
    case 'count':
      return client.count(request);
    case 'clusterInfo':
      return client.clusterInfo();
    default:
      throw new Error(`nobody asks for ${request.kind}`);
  }
}

function fieldsOf(request: Extract<ClientRequest, { readonly kind: 'get' }>) {
  const { kind: _kind, ids: _ids, ...fields } = request;
  return fields;
}

/** Codes that promise that nothing was changed. */
const WITHOUT_EFFECT: ReadonlySet<ErrorCode> = new Set([
  'NOT_LEADER',
  'STALE_EPOCH',
  'OVERLOADED',
  'NOT_READY',
  'DISK_FULL',
  'MEMORY_LIMIT',
]);

/** Whether a write that failed so is known to have had no effect. */
export function isWithoutEffect(outcome: AttemptOutcome<unknown>): boolean {
  if (outcome.ok) return false;
  const { kind, error } = outcome.failure;
  return kind === 'unsent' || (kind === 'answered' && WITHOUT_EFFECT.has(error.code));
}
