import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import { CallDesk } from './call-desk.ts';
import { NONCE_BYTES } from './cluster-proof.ts';
import { GuestQuestion } from './guest-question.ts';
import { type HandshakeIdentity, type HandshakePeer, PROTOCOL } from './handshake.ts';
import type { ProtocolRange, Refusal } from './handshake-codec.ts';
import { IncomingConnection } from './incoming-connection.ts';
import { IncomingGuest } from './incoming-guest.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import type { PortContext } from './link-context.ts';
import { MetricsResponder, type MetricsSource } from './metrics-responder.ts';
import { addressOfText } from './node-address.ts';
import { PortListener } from './port-listener.ts';
import { DEFAULT_TCP_LIMITS, GUEST_BYTES_MAX, type TcpLimits } from './tcp-limits.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { TransportEvent } from './transport-event.ts';
import { newTransportCounters, type TransportCounters } from './transport-statistics.ts';
import { certificateFault, type TransportTls } from './transport-tls.ts';
import type { CallOptions, GuestHandler, Membership, NodeNumber, NodePort } from './transport.ts';

/** What a {@link TcpNodePort} is made from. */
export interface TcpNodePortOptions {
  /** Secret that all nodes of the cluster share; each proves that it knows it. Without one, only `tls` keeps strangers out. */
  readonly token?: string;
  /** To listen on. Port 0 takes any free one. */
  readonly host: string;
  readonly port: number;
  readonly tls?: TransportTls;
  /** Served at `/raft/metrics` on the same port. */
  readonly metrics?: MetricsSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (event: TransportEvent) => void;
  readonly limits?: Partial<TcpLimits>;
  /** Calls back when this turn is over; what a turn sends goes out together. */
  readonly defer?: (callback: () => void) => void;
  readonly protocol?: ProtocolRange;
}

/** A TCP port between nodes: guests and metrics from the start, the other nodes of the cluster once it is joined. */
export class TcpNodePort implements NodePort {
  readonly #context: PortContext;
  readonly #guests: CallDesk;
  #guestConnections = 0;
  #listener: PortListener | undefined;
  #guestHandler: GuestHandler | undefined;
  #identity: HandshakeIdentity;
  #member: TcpTransport | undefined;
  #closed: Promise<void> | undefined;
  readonly #closing = new AbortController();

  private constructor(options: TcpNodePortOptions) {
    const { token = '', tls, clock, random, log } = options;
    const limits = { ...DEFAULT_TCP_LIMITS, ...options.limits };
    this.#context = {
      token: Buffer.from(token),
      protocol: options.protocol ?? PROTOCOL,
      tls,
      limits,
      clock,
      random,
      nonce: () => new Uint8Array(randomBytes(NONCE_BYTES)),
      counters: newTransportCounters(),
      log,
      defer: options.defer ?? queueMicrotask,
    };
    const { guestsMax } = limits;
    const bytesMax = guestsMax * GUEST_BYTES_MAX;
    this.#guests = new CallDesk({ clock, callsMax: guestsMax, bytesMax });
    this.#identity = { node: 0, cluster: '', ...this.#common };
  }

  /**
   * Resolves when it listens on its port.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when it cannot listen there
   */
  static async open(options: TcpNodePortOptions): Promise<TcpNodePort> {
    const port = new TcpNodePort(options);
    const responder = new MetricsResponder(options.metrics, port.#context.counters);
    port.#listener = await PortListener.start({
      host: options.host,
      port: options.port,
      context: port.#context,
      onFrames: (socket, first) => port.#accept(socket, first),
      onHttp: (socket, first) => responder.serve(socket, first),
    });
    return port;
  }

  /** The port it listens on. */
  get port(): number {
    assert(this.#listener !== undefined, 'the port is open');
    return this.#listener.port;
  }

  /** Since the port was opened, those of its member included. */
  get counters(): Readonly<TransportCounters> {
    return structuredClone(this.#context.counters);
  }

  serveGuests(handler: GuestHandler): void {
    assert(this.#guestHandler === undefined, 'a port serves guests once');
    this.#guestHandler = handler;
  }

  async ask(address: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const { signal } = options;
    if (signal?.aborted === true) throw new VectorDbError('CANCELLED', 'the question was given up');
    if (request.length > GUEST_BYTES_MAX) {
      throw new VectorDbError(
        'LIMIT_EXCEEDED',
        `a question of ${request.length} bytes is too large`,
      );
    }
    const target = addressOfText(address);
    if (target === undefined || this.#closing.signal.aborted) {
      const why = target === undefined ? 'it is not host:port' : 'this node is closing';
      throw new VectorDbError('UNAVAILABLE', `${address} cannot be asked: ${why}`);
    }
    this.#context.counters.guestsAsked += 1;
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    return GuestQuestion.ask(this.#context, target, request, {
      timeoutMs: options.timeoutMs,
      signal: AbortSignal.any(signals),
    });
  }

  join({ node, cluster, addressOf }: Membership): TcpTransport {
    assert(this.#member === undefined, 'a port joins one cluster, once');
    assert(Number.isSafeInteger(node) && node >= 1, 'a member has a number');
    this.#identity = { node, cluster, ...this.#common };
    this.#member = new TcpTransport({
      context: {
        ...this.#context,
        identity: this.#identity,
        addressOf: (other) => addressOfText(addressOf(other) ?? ''),
      },
      port: this.port,
      closePort: () => this.#close(),
    });
    return this.#member;
  }

  /** Closes the member's transport too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#member?.[Symbol.asyncDispose]();
    await this.#close();
  }

  get #common(): Pick<HandshakeIdentity, 'token' | 'protocol'> {
    const { token, protocol } = this.#context;
    return { token, protocol };
  }

  #close(): Promise<void> {
    this.#closing.abort();
    this.#closed ??= this.#listener?.[Symbol.asyncDispose]() ?? Promise.resolve();
    return this.#closed;
  }

  #accept(socket: Socket, first: Uint8Array): void {
    // It lives as long as its socket.
    void new IncomingConnection({
      socket,
      first,
      context: this.#context,
      identity: this.#identity,
      refuses: (from) => this.#refusal(socket, from),
      serve: (peer, connection) => this.#serve(peer, connection),
    });
  }

  #serve(peer: HandshakePeer, connection: LaneConnection): IncomingLane {
    if (peer.lane === 'guests') return this.#serveGuest(connection);
    assert(this.#member !== undefined, 'who is no member refuses nodes');
    return this.#member.serve(peer, connection);
  }

  #serveGuest(connection: LaneConnection): IncomingGuest {
    this.#guestConnections += 1;
    return new IncomingGuest({
      connection,
      context: this.#context,
      desk: this.#guests,
      isFull: this.#guestConnections > this.#context.limits.guestsMax,
      handler: this.#guestHandler,
      onEnd: () => {
        this.#guestConnections -= 1;
      },
    });
  }

  /** @param from - 0: a guest */
  #refusal(socket: Socket, from: NodeNumber): Refusal | undefined {
    if (from !== 0 && this.#member?.hasForgotten(from) === true) {
      return { reason: 'removed', detail: `node ${from} was removed from the cluster` };
    }
    const detail = this.#certificateFault(socket, from);
    return detail === undefined ? undefined : { reason: 'certificate', detail };
  }

  #certificateFault(socket: Socket, from: NodeNumber): string | undefined {
    const { tls } = this.#context;
    if (tls === undefined) return undefined;
    if (!(socket instanceof TLSSocket) || !socket.authorized) {
      return 'a certificate of the cluster is needed';
    }
    const isChecked = tls.checksNode && from !== 0;
    return isChecked ? certificateFault(socket.getPeerCertificate(), from) : undefined;
  }
}
