import { Client, credentials } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { service as healthService } from 'grpc-health-check';

const CHECK_MS = 2_000;

/** What the health check of a server says of it as a whole: `SERVING`, `NOT_SERVING`, or the error. @param address - `host:port` */
export function grpcHealth(address: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = healthService[
    'Check'
  ] as MethodDefinition<object, { readonly status: string }>;
  return new Promise((resolve) => {
    const deadline = Date.now() + CHECK_MS;
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service: '' },
      { deadline },
      (error, answer) => {
        client.close();
        resolve(error?.message ?? answer?.status ?? 'nothing');
      },
    );
  });
}
