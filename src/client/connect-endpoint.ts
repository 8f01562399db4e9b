import type { Clock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import type { Endpoint } from './endpoint.ts';
import { GrpcEndpoint } from './grpc/grpc-endpoint.ts';
import { RestEndpoint } from './rest-endpoint.ts';

/**
 * The endpoint at an address.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT: the scheme is none of http, https, grpc, grpcs
 */
export function connectEndpoint(options: {
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly caPath?: string | undefined;
  readonly clock: Clock;
}): Endpoint {
  const { url, apiKey, caPath, clock } = options;
  const [, scheme = '', place = ''] = /^(https?|grpcs?):\/\/([^/]+)\/?$/.exec(url) ?? [];
  if (scheme === 'http' || scheme === 'https') return new RestEndpoint({ url, apiKey, clock });
  if (scheme !== '') {
    return new GrpcEndpoint({ url, place, apiKey, tls: scheme === 'grpcs', caPath, clock });
  }
  const text = `endpoints: ${JSON.stringify(url)} is not http(s)://host:port or grpc(s)://host:port`;
  throw new VectorDbError('INVALID_ARGUMENT', text, { field: 'endpoints' });
}
