import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { type Clock, pause, systemClock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { type ApiKeys, Authentication } from '../authentication.ts';
import {
  type CallLog,
  type CallRecorder,
  type CallSetting,
  clientStreamCall,
  type MethodHandler,
  type StreamHandler,
  unaryCall,
} from './call-handling.ts';
import { clusterMethods } from './cluster-service.ts';
import { collectionsMethods } from './collections-service.ts';
import { nodeMethods } from './node-service.ts';
import { OpenCalls } from './open-calls.ts';
import { pointsMethods, pointsStreamMethods } from './points-service.ts';
import { loadProtoPackage, loadProtoPackageForReflection } from './proto-package.ts';
import { ServiceCodec } from './service-codec.ts';
import type { ServiceSetting } from './service-setting.ts';

/** Full names of the services that Grape's proto file defines. */
const SERVICES = {
  points: 'grape.v1.Points',
  collections: 'grape.v1.Collections',
  cluster: 'grape.v1.Cluster',
  node: 'grape.v1.Node',
} as const;

/** Certificates of the server, in PEM. */
export interface GrpcTls {
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** With it, callers must show a certificate that it signed. */
  readonly clientCa?: Buffer | undefined;
}

export interface GrpcServerOptions extends ServiceSetting {
  /** Absent: everyone may do everything. */
  readonly auth?: ApiKeys | undefined;
  /** Absent: in the clear. */
  readonly tls?: GrpcTls | undefined;
  readonly recorder?: CallRecorder | undefined;
  readonly log?: CallLog | undefined;
  /** Milliseconds that a call has where it names no deadline, a stream after each of its messages; absent: any time. */
  readonly requestTimeoutMs?: number | undefined;
  /** Streams of one connection at a time; absent: 1,000. */
  readonly streamsPerConnectionMax?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A gRPC server that is ready to listen. */
export interface GrpcServer extends AsyncDisposable {
  /**
   * Begins to take calls.
   *
   * @param port - 0: any free one
   * @returns the port
   * @throws {Error} where the address cannot be had
   */
  listen(host: string, port: number): Promise<number>;
  /** What health checks are told; false from the beginning. */
  setReady(ready: boolean): void;
  /** Takes no more calls and waits for those under way; what lasts longer than `graceMs` (default: ten seconds) is answered with SHUTTING_DOWN. */
  close(graceMs?: number): Promise<void>;
}

const STREAMS_PER_CONNECTION_MAX = 1_000;
const GRACE_MS = 10_000;
/** What answers and refusals get to reach their callers before connections are cut. */
const FLUSH_MS = 250;

type Methods = Readonly<Record<string, unknown>>;

/** The gRPC edge: Grape's services, health checking and reflection over one port. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const clock = options.clock ?? systemClock;
  const calls: CallSetting = {
    authentication: new Authentication(options.auth ?? {}),
    clock,
    recorder: options.recorder ?? { observe: () => undefined },
    log: options.log ?? { error: () => undefined },
    open: new OpenCalls(),
    timeoutMs: options.requestTimeoutMs,
  };
  const server = new Server({
    'grpc.max_receive_message_length': options.limits.bodyBytesMax,
    'grpc.max_send_message_length': -1,
    // Nothing here reads its books, and keeping them takes a twentieth of a call.
    'grpc.enable_channelz': 0,
    'grpc.max_concurrent_streams': options.streamsPerConnectionMax ?? STREAMS_PER_CONNECTION_MAX,
  });
  const pkg = loadProtoPackage();
  const codec = (service: string): ServiceCodec => new ServiceCodec(pkg, service);
  const points = codec(SERVICES.points);
  add(server, pkg, SERVICES.points, calls, pointsMethods(points, options), {
    ...pointsStreamMethods(points, options),
  });
  add(
    server,
    pkg,
    SERVICES.collections,
    calls,
    collectionsMethods(codec(SERVICES.collections), options),
  );
  add(server, pkg, SERVICES.cluster, calls, clusterMethods(codec(SERVICES.cluster), options));
  add(server, pkg, SERVICES.node, calls, nodeMethods(codec(SERVICES.node), options));

  const health = new HealthImplementation();
  const setReady = (ready: boolean): void => {
    for (const name of ['', ...Object.values(SERVICES)]) {
      health.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING');
    }
  };
  setReady(false);
  health.addToServer(server);
  new ReflectionService(loadProtoPackageForReflection()).addToServer(server);

  const close = (graceMs = GRACE_MS): Promise<void> => {
    setReady(false);
    return shutDown(server, calls.open, clock, graceMs);
  };
  return {
    listen: (host, port) => bind(server, credentials(options.tls), host, port),
    setReady,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

/** Streams of health checks and reflection never end by themselves; only Grape's own calls are waited for. */
async function shutDown(
  server: Server,
  open: OpenCalls,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  const waited = new AbortController();
  await Promise.race([open.idle(), pause(clock, graceMs, waited.signal)]);
  open.abort(new VectorDbError('SHUTTING_DOWN', 'the server is shutting down'));
  await Promise.race([ended, pause(clock, FLUSH_MS, waited.signal)]);
  waited.abort();
  server.forceShutdown();
}

/** Messages pass through as bytes: the calls read them, so that what is malformed is answered as every other error. */
const passThrough = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function add(
  server: Server,
  pkg: PackageDefinition,
  service: string,
  calls: CallSetting,
  unary: Methods,
  streams: Methods = {},
): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(pkg[service] as ServiceDefinition)) {
    definition[name] = {
      ...method,
      requestSerialize: passThrough,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: passThrough,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    implementation[name] = method.requestStream
      ? clientStreamCall(streams[name] as StreamHandler<unknown, unknown>, calls)
      : unaryCall(unary[name] as MethodHandler<unknown, unknown>, calls);
  }
  server.addService(definition, implementation);
}

function credentials(tls: GrpcTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: tls.certificate, private_key: tls.key };
  return ServerCredentials.createSsl(tls.clientCa ?? null, [pair], tls.clientCa !== undefined);
}

function bind(
  server: Server,
  credentials: ServerCredentials,
  host: string,
  port: number,
): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}
