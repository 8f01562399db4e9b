import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { CallDesk } from './call-desk.ts';
import { CallLane } from './call-lane.ts';
import { ChunkLane } from './chunk-lane.ts';
import type { HandshakePeer } from './handshake.ts';
import type { Lane } from './handshake-codec.ts';
import { IncomingCalls } from './incoming-calls.ts';
import { IncomingChunks } from './incoming-chunks.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import { IncomingMessages } from './incoming-messages.ts';
import type { LinkContext } from './link-context.ts';
import { MessageLane } from './message-lane.ts';
import type { PeerStatistics, TransportStatistics } from './transport-statistics.ts';
import type {
  CallHandler,
  CallOptions,
  GroupMessage,
  MemberTransport,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  TransportReceiver,
} from './transport.ts';

/** What a {@link TcpTransport} is made from. */
export interface TcpTransportOptions {
  readonly context: LinkContext;
  /** The port that others reach it at. */
  readonly port: number;
  /** Ends all that others connected, and listens no more. */
  readonly closePort: () => Promise<void>;
}

/** What goes to one node. */
interface Peer {
  readonly messages: MessageLane;
  readonly chunks: ChunkLane;
  readonly calls: CallLane;
}

/**
 * Nodes over TCP: one connection a direction for messages, one for snapshot chunks and one for calls, each made when it is first needed. A connection carries
 * nothing before both sides proved that they belong to the cluster; without TLS what follows can be read and changed by whoever controls the network.
 */
export class TcpTransport implements MemberTransport {
  readonly node: NodeNumber;
  /** The port it listens on. */
  readonly port: number;
  readonly #context: LinkContext;
  readonly #closePort: () => Promise<void>;
  readonly #peers = new Map<NodeNumber, Peer>();
  readonly #desks = new Map<NodeNumber, CallDesk>();
  /** The newest of each node and lane. */
  readonly #incoming = new Map<NodeNumber, Map<Lane, LaneConnection>>();
  readonly #forgotten = new Set<NodeNumber>();
  #receiver: TransportReceiver | undefined;
  #handler: CallHandler | undefined;
  #closed: Promise<void> | undefined;

  /** Made by a `TcpNodePort`. */
  constructor({ context, port, closePort }: TcpTransportOptions) {
    this.node = context.identity.node;
    this.port = port;
    this.#context = context;
    this.#closePort = closePort;
  }

  get statistics(): TransportStatistics {
    const nodes = [...new Set([...this.#peers.keys(), ...this.#desks.keys()])];
    return {
      ...structuredClone(this.#context.counters),
      peers: nodes.toSorted((a, b) => a - b).map((node) => this.#statisticsOf(node)),
    };
  }

  listen(receiver: TransportReceiver): void {
    assert(this.#receiver === undefined, 'a transport listens once');
    this.#receiver = receiver;
  }

  serveCalls(handler: CallHandler): void {
    assert(this.#handler === undefined, 'a transport serves calls once');
    this.#handler = handler;
  }

  send(to: NodeNumber, messages: readonly GroupMessage[]): void {
    if (this.#forgotten.has(to)) {
      this.#context.counters.messagesDropped.unreachable += messages.length;
    } else {
      this.#peer(to).messages.send(messages);
    }
  }

  askLogEnds(to: NodeNumber, number: number): void {
    if (!this.#forgotten.has(to)) this.#peer(to).messages.askLogEnds(number);
  }

  async sendChunk(
    to: NodeNumber,
    chunk: SnapshotChunk,
    signal?: AbortSignal,
  ): Promise<SnapshotChunkReply> {
    return this.#known(to).chunks.send(chunk, signal);
  }

  async call(to: NodeNumber, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return this.#known(to).calls.call(request, options);
  }

  forget(node: NodeNumber): void {
    this.#forgotten.add(node);
    const peer = this.#peers.get(node);
    this.#peers.delete(node);
    this.#desks.delete(node);
    if (peer !== undefined) void closeLanes(peer);
    const incoming = this.#incoming.get(node)?.values() ?? [];
    for (const connection of incoming) connection.end('refused', `node ${node} was removed`);
  }

  /** Whether connections of a node are refused, since it was removed from the cluster. */
  hasForgotten(node: NodeNumber): boolean {
    return this.#forgotten.has(node);
  }

  /** Serves a connection of another node, whose lane is one of members. */
  serve({ node, lane }: HandshakePeer, connection: LaneConnection): IncomingLane {
    const lanes = this.#incoming.get(node) ?? new Map<Lane, LaneConnection>();
    this.#incoming.set(node, lanes);
    // Its node lost the other end of it, or it would not have connected again.
    lanes.get(lane)?.end('superseded', 'the node connected again');
    lanes.set(lane, connection);
    this.#wake(node);
    const served = this.#laneFor(node, lane, connection);
    return {
      onFrame: (frame) => served.onFrame(frame),
      onDrain: () => served.onDrain(),
      onEnd: () => {
        if (lanes.get(lane) === connection) lanes.delete(lane);
        served.onEnd();
      },
    };
  }

  /** Messages that are queued still leave where there is a connection; chunks and calls fail. Gives up the port. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#peers.values()].map(closeLanes));
    await this.#closePort();
  }

  #statisticsOf(node: NodeNumber): PeerStatistics {
    const peer = this.#peers.get(node);
    return {
      node,
      isConnected: peer?.messages.isConnected ?? false,
      queuedMessages: peer?.messages.queuedMessages ?? 0,
      queuedBytes: peer?.messages.queuedBytes ?? 0,
      chunksUnderWay: peer?.chunks.underWay ?? 0,
      callsUnderWay: peer?.calls.underWay ?? 0,
      callsServing: this.#desks.get(node)?.calls ?? 0,
    };
  }

  /** @throws {VectorDbError} UNAVAILABLE */
  #known(node: NodeNumber): Peer {
    if (this.#forgotten.has(node)) {
      throw new VectorDbError('UNAVAILABLE', `node ${node} was removed from the cluster`);
    }
    return this.#peer(node);
  }

  #peer(node: NodeNumber): Peer {
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const peer: Peer = {
      messages: new MessageLane({
        to: node,
        context: this.#context,
        defer: this.#context.defer,
        onUnreachable: () => {
          if (this.#closed === undefined) this.#receiver?.onUnreachable(node);
        },
        onLogEnds: (number, ends) => {
          if (this.#closed === undefined) this.#receiver?.onLogEnds(node, number, ends);
        },
        onDisconnected: () => {
          if (this.#closed === undefined) this.#receiver?.onDisconnected(node);
        },
      }),
      chunks: new ChunkLane(node, this.#context),
      calls: new CallLane(node, this.#context),
    };
    this.#peers.set(node, peer);
    if (this.#closed !== undefined) void closeLanes(peer);
    return peer;
  }

  #wake(node: NodeNumber): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    for (const lane of [peer.messages, peer.chunks, peer.calls]) lane.wake();
  }

  #laneFor(from: NodeNumber, lane: Lane, connection: LaneConnection): IncomingLane {
    const { counters, defer, limits } = this.#context;
    const receiver = (): TransportReceiver | undefined =>
      this.#closed === undefined ? this.#receiver : undefined;
    switch (lane) {
      case 'messages':
        return new IncomingMessages({ from, connection, receiver, counters });
      case 'chunks':
        return new IncomingChunks({ from, connection, receiver, counters });
      default:
        return new IncomingCalls({
          from,
          connection,
          desk: this.#desk(from),
          handler: () => (this.#closed === undefined ? this.#handler : undefined),
          counters,
          defer,
          bytesMax: limits.callServedBytesMax,
          answersMax: limits.callsServedMax,
        });
    }
  }

  #desk(node: NodeNumber): CallDesk {
    const known = this.#desks.get(node);
    if (known !== undefined) return known;
    const { clock, limits } = this.#context;
    const { callsServedMax: callsMax, callServedBytesMax: bytesMax } = limits;
    const desk = new CallDesk({ clock, callsMax, bytesMax });
    this.#desks.set(node, desk);
    return desk;
  }
}

async function closeLanes({ messages, chunks, calls }: Peer): Promise<void> {
  await Promise.all([messages, chunks, calls].map((lane) => lane.close()));
}
