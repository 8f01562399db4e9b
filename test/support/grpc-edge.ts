import {
  createGrpcServer,
  type GrpcServer,
  type GrpcServerOptions,
} from '../../src/api/grpc/grpc-server.ts';
import { DEFAULT_LIMITS } from '../../src/database/limits.ts';
import { GrpcTestClient } from './grpc-client.ts';
import { MemoryDatabase } from './memory-database.ts';

/** A gRPC server of a database in memory, on a free port of the loopback interface, and a client of it. */
export interface GrpcEdge extends AsyncDisposable {
  readonly database: MemoryDatabase;
  readonly server: GrpcServer;
  readonly client: GrpcTestClient;
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Bugs that were logged. */
  readonly bugs: unknown[];
  /** Calls that ended: operation and code. */
  readonly calls: string[];
}

export async function openGrpcEdge(options: Partial<GrpcServerOptions> = {}): Promise<GrpcEdge> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const database = new MemoryDatabase({ limits });
  const bugs: unknown[] = [];
  const calls: string[] = [];
  const server = createGrpcServer({
    database,
    limits,
    defaultCollection: 'default',
    version: '0.0.0-test',
    recorder: { observe: (operation, code) => calls.push(`${operation} ${code}`) },
    log: { error: (_message, thrown) => bugs.push(thrown) },
    ...options,
  });
  const address = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
  const client = new GrpcTestClient(address);
  return {
    database,
    server,
    client,
    address,
    bugs,
    calls,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server.close(100);
    },
  };
}
