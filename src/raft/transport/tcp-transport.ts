import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { ChunkLane } from './chunk-lane.ts';
import { NONCE_BYTES } from './cluster-proof.ts';
import { PROTOCOL } from './handshake.ts';
import type { ProtocolRange } from './handshake-codec.ts';
import { IncomingConnection } from './incoming-connection.ts';
import type { LinkContext, NodeAddress } from './link-context.ts';
import { MessageLane } from './message-lane.ts';
import { MetricsResponder, type MetricsSource } from './metrics-responder.ts';
import { PortListener } from './port-listener.ts';
import { DEFAULT_TCP_LIMITS, type TcpLimits } from './tcp-limits.ts';
import type { TransportEvent } from './transport-event.ts';
import { newTransportCounters, type TransportStatistics } from './transport-statistics.ts';
import { certificateFault, type TransportTls } from './transport-tls.ts';
import type {
  GroupMessage,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  Transport,
  TransportReceiver,
} from './transport.ts';

/** What a {@link TcpTransport} is made from. */
export interface TcpTransportOptions {
  readonly node: NodeNumber;
  /** Nodes of another cluster are refused. */
  readonly cluster: string;
  /** Secret that all nodes of the cluster share; each proves that it knows it. Without one, only `tls` keeps strangers out. */
  readonly token?: string;
  /** To listen on. Port 0 takes any free one. */
  readonly host: string;
  readonly port: number;
  /** Where the other nodes listen; may change. Undefined: not known, and so unreachable. */
  readonly addressOf: (node: NodeNumber) => NodeAddress | undefined;
  readonly tls?: TransportTls;
  /** Served at `/raft/metrics` on the same port. */
  readonly metrics?: MetricsSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (event: TransportEvent) => void;
  readonly limits?: Partial<TcpLimits>;
  /** Calls back when this turn is over; messages of a turn go out together. */
  readonly defer?: (callback: () => void) => void;
  readonly protocol?: ProtocolRange;
}

/** What is sent to one node. */
interface Peer {
  readonly messages: MessageLane;
  readonly chunks: ChunkLane;
}

/**
 * Nodes over TCP: one connection a direction for messages and one for snapshot chunks, each made when it is first needed. A connection carries nothing before
 * both sides proved that they belong to the cluster; without TLS what follows can be read and changed by whoever controls the network.
 */
export class TcpTransport implements Transport {
  readonly node: NodeNumber;
  readonly #context: LinkContext;
  readonly #defer: (callback: () => void) => void;
  readonly #peers = new Map<NodeNumber, Peer>();
  /** The newest of each node and lane. */
  readonly #incoming = new Map<string, IncomingConnection>();
  readonly #counters = newTransportCounters();
  #listener: PortListener | undefined;
  #receiver: TransportReceiver | undefined;
  #isClosed = false;

  private constructor(options: TcpTransportOptions) {
    const { node, cluster, token = '', tls, clock, random, log, addressOf } = options;
    this.node = node;
    this.#defer = options.defer ?? queueMicrotask;
    this.#context = {
      identity: {
        node,
        cluster,
        token: Buffer.from(token),
        protocol: options.protocol ?? PROTOCOL,
      },
      tls,
      limits: { ...DEFAULT_TCP_LIMITS, ...options.limits },
      clock,
      random,
      nonce: () => new Uint8Array(randomBytes(NONCE_BYTES)),
      counters: this.#counters,
      log,
      addressOf,
    };
  }

  /**
   * Resolves when it listens on its port.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when it cannot listen there
   */
  static async open(options: TcpTransportOptions): Promise<TcpTransport> {
    const transport = new TcpTransport(options);
    const responder = new MetricsResponder(options.metrics, transport.#counters);
    transport.#listener = await PortListener.start({
      host: options.host,
      port: options.port,
      context: transport.#context,
      onFrames: (socket, first) => transport.#accept(socket, first),
      onHttp: (socket, first) => responder.serve(socket, first),
    });
    return transport;
  }

  /** The port it listens on. */
  get port(): number {
    assert(this.#listener !== undefined, 'the transport is open');
    return this.#listener.port;
  }

  get statistics(): TransportStatistics {
    const peers = [...this.#peers].map(([node, { messages, chunks }]) => ({
      node,
      isConnected: messages.isConnected,
      queuedMessages: messages.queuedMessages,
      queuedBytes: messages.queuedBytes,
      chunksUnderWay: chunks.underWay,
    }));
    return {
      ...structuredClone(this.#counters),
      peers: peers.toSorted((a, b) => a.node - b.node),
    };
  }

  listen(receiver: TransportReceiver): void {
    assert(this.#receiver === undefined, 'a transport listens once');
    this.#receiver = receiver;
  }

  send(to: NodeNumber, messages: readonly GroupMessage[]): void {
    this.#peer(to).messages.send(messages);
  }

  sendChunk(
    to: NodeNumber,
    chunk: SnapshotChunk,
    signal?: AbortSignal,
  ): Promise<SnapshotChunkReply> {
    return this.#peer(to).chunks.send(chunk, signal);
  }

  /** Messages that are queued still leave where there is a connection; chunks fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const lanes = [...this.#peers.values()].flatMap(({ messages, chunks }) => [messages, chunks]);
    await Promise.all(lanes.map((lane) => lane.close()));
    await this.#listener?.[Symbol.asyncDispose]();
  }

  #peer(node: NodeNumber): Peer {
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const peer: Peer = {
      messages: new MessageLane({
        to: node,
        context: this.#context,
        defer: this.#defer,
        onUnreachable: () => {
          if (!this.#isClosed) this.#receiver?.onUnreachable(node);
        },
      }),
      chunks: new ChunkLane(node, this.#context),
    };
    this.#peers.set(node, peer);
    return peer;
  }

  #accept(socket: Socket, first: Uint8Array): void {
    let key: string | undefined;
    const connection: IncomingConnection = new IncomingConnection({
      socket,
      first,
      context: this.#context,
      receiver: () => (this.#isClosed ? undefined : this.#receiver),
      certificateFault: (node) => this.#certificateFault(socket, node),
      onPeer: ({ node, lane }) => {
        key = `${lane} of ${node}`;
        // Its node lost the other end of it, or it would not have connected again.
        this.#incoming.get(key)?.end('superseded', 'the node connected again');
        this.#incoming.set(key, connection);
      },
      onEnd: () => {
        if (key !== undefined && this.#incoming.get(key) === connection) this.#incoming.delete(key);
      },
    });
  }

  #certificateFault(socket: Socket, node: NodeNumber): string | undefined {
    const { tls } = this.#context;
    if (tls === undefined) return undefined;
    if (!(socket instanceof TLSSocket) || !socket.authorized) {
      return 'a certificate of the cluster is needed';
    }
    return tls.checksNode ? certificateFault(socket.getPeerCertificate(), node) : undefined;
  }
}
