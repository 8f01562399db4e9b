import { assert } from '../../base/assert.ts';
import { VectorDbError, toVectorDbError } from '../../base/error.ts';
import { openFrame } from './frame-codec.ts';
import type { MemoryNetwork } from './memory-network.ts';
import { decodeFrame, encodeFrames } from './message-frames.ts';
import {
  type ChunkOutcome,
  decodeChunk,
  decodeOutcome,
  encodeChunk,
  encodeOutcome,
} from './snapshot-chunk-codec.ts';
import { newTransportCounters, type TransportStatistics } from './transport-statistics.ts';
import type {
  GroupMessage,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  Transport,
  TransportReceiver,
} from './transport.ts';

/** One node of a {@link MemoryNetwork}. */
export class MemoryTransport implements Transport {
  readonly node: NodeNumber;
  readonly #network: MemoryNetwork;
  readonly #queueMessagesMax: number;
  readonly #counters = newTransportCounters();
  readonly #queues = new Map<NodeNumber, GroupMessage[]>();
  /** Nodes for which something was dropped in this turn. */
  readonly #overflown = new Set<NodeNumber>();
  #receiver: TransportReceiver | undefined;
  readonly #closed = new AbortController();

  /** Made by the network. */
  constructor(node: NodeNumber, network: MemoryNetwork, queueMessagesMax: number) {
    this.node = node;
    this.#queueMessagesMax = queueMessagesMax;
    this.#network = network;
  }

  get statistics(): TransportStatistics {
    const peers = [...this.#queues].map(([node, queue]) => ({
      node,
      isConnected: this.#network.reach(this.node, node) !== undefined,
      queuedMessages: queue.length,
      queuedBytes: 0,
      chunksUnderWay: 0,
    }));
    return { ...structuredClone(this.#counters), peers: peers.toSorted((a, b) => a.node - b.node) };
  }

  listen(receiver: TransportReceiver): void {
    assert(this.#receiver === undefined, 'a transport listens once');
    this.#receiver = receiver;
  }

  send(to: NodeNumber, messages: readonly GroupMessage[]): void {
    const { messagesDropped } = this.#counters;
    if (this.#closed.signal.aborted) {
      messagesDropped.closed += messages.length;
      return;
    }
    const queue = this.#queue(to);
    if (queue.length === 0) this.#network.defer(() => this.#flush(to));
    const room = this.#queueMessagesMax - queue.length;
    queue.push(...messages.slice(0, room));
    if (messages.length > room) {
      messagesDropped.queueFull += messages.length - room;
      this.#overflown.add(to);
    }
  }

  async sendChunk(
    to: NodeNumber,
    chunk: SnapshotChunk,
    signal?: AbortSignal,
  ): Promise<SnapshotChunkReply> {
    const frame = encodeChunk({ number: this.#counters.chunksSent, chunk });
    this.#counters.chunksSent += 1;
    this.#sent(frame);
    const outcome = await this.#unlessGivenUp(this.#exchange(to, frame), signal);
    if (outcome.kind === 'failed') {
      throw new VectorDbError(
        'UNAVAILABLE',
        `node ${to} could not take a chunk: ${outcome.reason}`,
      );
    }
    return outcome;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#network.remove(this.node);
    return Promise.resolve();
  }

  /** Takes a frame of messages. @internal */
  receive(from: NodeNumber, frame: Uint8Array): void {
    this.#received(frame);
    const messages = decodeFrame(frame);
    this.#counters.messagesReceived += messages.length;
    this.#receiver?.onMessages(from, messages);
  }

  /** Takes a chunk's frame; gives the outcome's. @internal */
  async receiveChunk(from: NodeNumber, frame: Uint8Array): Promise<Uint8Array> {
    this.#received(frame);
    this.#counters.chunksReceived += 1;
    const { number, chunk } = decodeChunk(openFrame(frame).body);
    return encodeOutcome({ number, outcome: await this.#outcome(from, chunk) });
  }

  async #outcome(from: NodeNumber, chunk: SnapshotChunk): Promise<ChunkOutcome> {
    if (this.#receiver === undefined) return { kind: 'failed', reason: 'it does not listen yet' };
    try {
      return await this.#receiver.onChunk(from, chunk);
    } catch (thrown) {
      return { kind: 'failed', reason: toVectorDbError(thrown).message };
    }
  }

  async #exchange(to: NodeNumber, frame: Uint8Array): Promise<ChunkOutcome> {
    await this.#turn();
    const peer = this.#network.reachOrThrow(this.node, to);
    const reply = await peer.receiveChunk(this.node, frame);
    await this.#turn();
    this.#network.reachOrThrow(to, this.node);
    this.#received(reply);
    return decodeOutcome(openFrame(reply).body).outcome;
  }

  #unlessGivenUp<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const ends = AbortSignal.any([this.#closed.signal, ...(signal === undefined ? [] : [signal])]);
    return new Promise((resolve, reject) => {
      const giveUp = (): void =>
        reject(new VectorDbError('CANCELLED', 'the chunk was given up before its answer came'));
      if (ends.aborted) giveUp();
      ends.addEventListener('abort', giveUp, { once: true });
      answer.then(resolve, reject).finally(() => ends.removeEventListener('abort', giveUp));
    });
  }

  #flush(to: NodeNumber): void {
    const messages = this.#queue(to).splice(0);
    if (this.#closed.signal.aborted) return;
    const peer = this.#network.reach(this.node, to);
    if (peer === undefined) {
      this.#counters.messagesDropped.unreachable += messages.length;
      this.#overflown.delete(to);
      this.#report(to);
      return;
    }
    for (const frame of encodeFrames(messages)) {
      this.#sent(frame);
      peer.receive(this.node, frame);
    }
    this.#counters.messagesSent += messages.length;
    if (this.#overflown.delete(to)) this.#report(to);
  }

  #report(to: NodeNumber): void {
    if (!this.#closed.signal.aborted) this.#receiver?.onUnreachable(to);
  }

  #queue(to: NodeNumber): GroupMessage[] {
    const queue = this.#queues.get(to) ?? [];
    this.#queues.set(to, queue);
    return queue;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#network.defer(resolve);
    });
  }

  #sent(frame: Uint8Array): void {
    this.#counters.framesSent += 1;
    this.#counters.bytesSent += frame.length;
  }

  #received(frame: Uint8Array): void {
    this.#counters.framesReceived += 1;
    this.#counters.bytesReceived += frame.length;
  }
}
