import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Timer } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { FRAME_MAGIC } from './frame-codec.ts';
import type { PortContext } from './link-context.ts';
import type { ConnectionEnd } from './transport-statistics.ts';

/** Collaborators of {@link PortListener}. */
export interface PortListenerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly context: PortContext;
  /** A connection of frames; `first` was read of it already. */
  readonly onFrames: (socket: Socket, first: Uint8Array) => void;
  /** A connection of HTTP. */
  readonly onHttp: (socket: Socket, first: Uint8Array) => void;
}

/** Accepts connections, and tells by the first byte what they bring. */
export class PortListener implements AsyncDisposable {
  readonly #options: PortListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: PortListenerOptions) {
    this.#options = options;
    const { tls, limits } = options.context;
    const settings = { noDelay: true, keepAlive: true };
    if (tls === undefined) {
      this.#server = createTcpServer(settings, (socket) => this.#await(socket));
      this.#server.on('connection', (socket) => this.#admit(socket));
      return;
    }
    this.#server = createTlsServer({
      ...settings,
      cert: tls.certificate,
      key: tls.key,
      ca: tls.authority,
      requestCert: true,
      // Whoever asks for metrics needs no certificate; a node without one hears why it is refused.
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeMs,
      minVersion: 'TLSv1.2',
    });
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#server.on('secureConnection', (socket: TLSSocket) => this.#await(socket));
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) =>
      this.#reject(socket, 'network', error.message),
    );
  }

  /**
   * Resolves when it listens.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when it cannot listen there
   */
  static async start(options: PortListenerOptions): Promise<PortListener> {
    const { host, port } = options;
    const listener = new PortListener(options);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (cause) => {
        const message = `nodes cannot be listened to on ${host}:${port}: ${cause.message}`;
        reject(new VectorDbError('FAILED_PRECONDITION', message, { cause }));
      });
      listener.#server.listen(port, host, resolve);
    });
    return listener;
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections; resolves when none is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Counts a connection from its first moment on, before TLS and before its first byte. */
  #admit(socket: Socket): void {
    if (this.#sockets.size >= this.#options.context.limits.connectionsMax) {
      this.#reject(socket, 'tooMany', 'there are too many connections');
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #await(socket: Socket): void {
    if (socket.destroyed) return;
    const { clock, limits } = this.#options.context;
    const timer = clock.after(limits.handshakeMs, () =>
      this.#reject(socket, 'handshakeTimeout', 'it sent nothing'),
    );
    const onEnd = (): void => timer.cancel();
    // Without a listener an error would end the process.
    socket.on('error', onEnd);
    socket.once('close', onEnd);
    socket.once('data', (first) => {
      timer.cancel();
      socket.pause();
      this.#dispatch(socket, first);
    });
  }

  #dispatch(socket: Socket, first: Buffer): void {
    const { onFrames, onHttp, context } = this.#options;
    if (first[0] === FRAME_MAGIC[0]) {
      onFrames(socket, first);
      socket.resume();
    } else if (isCapital(first[0])) {
      const timer: Timer = context.clock.after(context.limits.httpMs, () => socket.destroy());
      socket.once('close', () => timer.cancel());
      onHttp(socket, first);
    } else {
      this.#reject(socket, 'damagedFrame', 'what it sends is neither a frame nor HTTP');
    }
  }

  #reject(socket: Socket, end: ConnectionEnd, detail: string): void {
    const { counters, log } = this.#options.context;
    const address = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    counters.connectionEnds[end] += 1;
    socket.destroy();
    log({ event: 'rejected', address, node: undefined, end, detail });
  }
}

/** Every method of HTTP begins with one. */
function isCapital(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}
