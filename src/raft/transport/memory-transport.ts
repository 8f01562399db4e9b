import { assert } from '../../base/assert.ts';
import { VectorDbError, toVectorDbError } from '../../base/error.ts';
import { openFrame } from './frame-codec.ts';
import type { CallDesk } from './call-desk.ts';
import { CALL_BYTES_MAX } from './call-codec.ts';
import { MemoryCall, type MemoryCallee, newMemoryDesk } from './memory-calls.ts';
import type { MemoryNetwork } from './memory-network.ts';
import { nodeOf } from './replica-node.ts';
import { decodeLogEnds, encodeLogEnds } from './log-ends-codec.ts';
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
  CallHandler,
  CallOptions,
  GroupMessage,
  Membership,
  MemberTransport,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  TransportReceiver,
} from './transport.ts';

/** Bounds of a {@link MemoryTransport}, for each other node. */
export interface MemoryTransportLimits {
  /** Messages that may wait; 10,000 unless it is told otherwise. */
  readonly queueMessagesMax?: number;
  /** Calls under way; 4096 unless it is told otherwise. */
  readonly callsMax?: number;
}

/** One node of a {@link MemoryNetwork}. */
export class MemoryTransport implements MemberTransport {
  readonly node: NodeNumber;
  readonly #network: MemoryNetwork;
  readonly #membership: Membership;
  readonly #limits: Required<MemoryTransportLimits>;
  readonly #onClose: () => void;
  readonly #counters = newTransportCounters();
  readonly #queues = new Map<NodeNumber, GroupMessage[]>();
  readonly #callsUnderWay = new Map<NodeNumber, number>();
  readonly #desks = new Map<NodeNumber, CallDesk>();
  readonly #forgotten = new Set<NodeNumber>();
  /** Nodes for which something was dropped in this turn. */
  readonly #overflown = new Set<NodeNumber>();
  #receiver: TransportReceiver | undefined;
  #handler: CallHandler | undefined;
  readonly #closed = new AbortController();

  /** Made by the network. */
  constructor(
    network: MemoryNetwork,
    membership: Membership,
    { queueMessagesMax = 10_000, callsMax = 4096 }: MemoryTransportLimits,
    onClose: () => void,
  ) {
    this.node = membership.node;
    this.#network = network;
    this.#membership = membership;
    this.#limits = { queueMessagesMax, callsMax };
    this.#onClose = onClose;
  }

  get statistics(): TransportStatistics {
    const nodes = [
      ...new Set([...this.#queues.keys(), ...this.#callsUnderWay.keys(), ...this.#desks.keys()]),
    ];
    const peers = nodes.map((node) => ({
      node,
      isConnected: this.#network.reach(this, node) !== undefined,
      queuedMessages: this.#queues.get(node)?.length ?? 0,
      queuedBytes: 0,
      chunksUnderWay: 0,
      callsUnderWay: this.#callsUnderWay.get(node) ?? 0,
      callsServing: this.#desks.get(node)?.calls ?? 0,
    }));
    return { ...structuredClone(this.#counters), peers: peers.toSorted((a, b) => a.node - b.node) };
  }

  listen(receiver: TransportReceiver): void {
    assert(this.#receiver === undefined, 'a transport listens once');
    this.#receiver = receiver;
  }

  serveCalls(handler: CallHandler): void {
    assert(this.#handler === undefined, 'a transport serves calls once');
    this.#handler = handler;
  }

  async call(to: NodeNumber, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const underWay = this.#callsUnderWay.get(to) ?? 0;
    if (underWay >= this.#limits.callsMax) {
      throw new VectorDbError('OVERLOADED', `too many calls wait for node ${to}`);
    }
    this.#callsUnderWay.set(to, underWay + 1);
    this.#counters.callsSent += 1;
    try {
      const answer = await MemoryCall.run(request, {
        ...options,
        clock: this.#network.clock,
        defer: this.#network.defer,
        callee: () => this.#network.reach(this, to)?.callee(this.node),
        isReachable: () => this.#network.isReached(this, to),
        closed: this.#closed.signal,
        bytesMax: CALL_BYTES_MAX,
        name: `node ${to}`,
      });
      this.#counters.callsAnswered += 1;
      return answer;
    } catch (thrown) {
      const isCancelled = thrown instanceof VectorDbError && thrown.code === 'CANCELLED';
      this.#counters[isCancelled ? 'callsCancelled' : 'callsFailed'] += 1;
      throw thrown;
    } finally {
      this.#callsUnderWay.set(to, (this.#callsUnderWay.get(to) ?? 1) - 1);
    }
  }

  forget(node: NodeNumber): void {
    this.#forgotten.add(node);
    this.#queues.delete(node);
    this.#desks.delete(node);
  }

  send(to: NodeNumber, messages: readonly GroupMessage[]): void {
    const { messagesDropped } = this.#counters;
    if (this.#closed.signal.aborted) {
      messagesDropped.closed += messages.length;
      return;
    }
    const queue = this.#queue(to);
    if (queue.length === 0) this.#network.defer(() => this.#flush(to));
    const room = this.#limits.queueMessagesMax - queue.length;
    queue.push(...messages.slice(0, room));
    if (messages.length > room) {
      messagesDropped.queueFull += messages.length - room;
      this.#overflown.add(to);
    }
  }

  askLogEnds(to: NodeNumber, number: number): void {
    if (this.#closed.signal.aborted) return;
    const question = encodeLogEnds({ kind: 'question', number });
    this.#sent(question);
    this.#network.defer(() => {
      const peer = this.#closed.signal.aborted ? undefined : this.#network.reach(this, to);
      if (peer === undefined) this.#report(to);
      else peer.answerLogEnds(this, question);
    });
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
    this.#onClose();
    return Promise.resolve();
  }

  /** Where another node is. @internal */
  addressOf(node: NodeNumber): string | undefined {
    return this.#membership.addressOf(node);
  }

  /** Whether a node was removed from the cluster. @internal */
  hasForgotten(node: NodeNumber): boolean {
    return this.#forgotten.has(node);
  }

  /** Whether it is the node that another one looks for, and speaks with it. @internal */
  takes(from: MemoryTransport, to: NodeNumber): boolean {
    const isSame = from.#membership.cluster === this.#membership.cluster;
    return isSame && to === this.node && !this.hasForgotten(from.node);
  }

  /** Where a node's call arrives. @internal */
  callee(from: NodeNumber): MemoryCallee {
    const desk = this.#desks.get(from) ?? newMemoryDesk(this.#network.clock);
    this.#desks.set(from, desk);
    const handler = this.#handler;
    const handle =
      handler &&
      (async (request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
        const answer = await handler(from, request, signal);
        this.#counters.callsServed += 1;
        return answer;
      });
    return { closed: this.#closed.signal, desk, handle };
  }

  /** The node is not there any more, or not yet. @internal */
  lost(node: NodeNumber): void {
    if (!this.#closed.signal.aborted) this.#receiver?.onDisconnected(node);
  }

  /** Takes a frame of messages. @internal */
  receive(from: NodeNumber, frame: Uint8Array): void {
    this.#received(frame);
    const all = decodeFrame(frame);
    const messages = all.filter(({ message }) => nodeOf(message.from) === from);
    this.#counters.messagesReceived += messages.length;
    this.#counters.messagesForged += all.length - messages.length;
    if (messages.length > 0) this.#receiver?.onMessages(from, messages);
  }

  /** Takes a frame that asks how far the logs go. @internal */
  answerLogEnds(asker: MemoryTransport, frame: Uint8Array): void {
    this.#received(frame);
    const { number } = decodeLogEnds(openFrame(frame));
    const ends = this.#receiver?.logEnds(asker.node);
    if (ends === undefined) return;
    const answer = encodeLogEnds({ kind: 'answer', number, ends });
    this.#sent(answer);
    this.#network.defer(() => {
      if (this.#network.reach(this, asker.node) === asker) asker.takeLogEnds(this.node, answer);
    });
  }

  /** Takes the answer's frame. @internal */
  takeLogEnds(from: NodeNumber, frame: Uint8Array): void {
    this.#received(frame);
    const answer = decodeLogEnds(openFrame(frame));
    if (answer.kind === 'answer') this.#receiver?.onLogEnds(from, answer.number, answer.ends);
  }

  /** Takes a chunk's frame; gives the outcome's. @internal */
  async receiveChunk(from: NodeNumber, frame: Uint8Array): Promise<Uint8Array> {
    this.#received(frame);
    this.#counters.chunksReceived += 1;
    const { number, chunk } = decodeChunk(openFrame(frame).body);
    return encodeOutcome({ number, outcome: await this.#outcome(from, chunk) });
  }

  async #outcome(from: NodeNumber, chunk: SnapshotChunk): Promise<ChunkOutcome> {
    if (nodeOf(chunk.from) !== from) {
      this.#counters.messagesForged += 1;
      return { kind: 'failed', reason: `its sender is not on node ${from}` };
    }
    if (this.#receiver === undefined) return { kind: 'failed', reason: 'it does not listen yet' };
    try {
      return await this.#receiver.onChunk(from, chunk);
    } catch (thrown) {
      return { kind: 'failed', reason: toVectorDbError(thrown).message };
    }
  }

  async #exchange(to: NodeNumber, frame: Uint8Array): Promise<ChunkOutcome> {
    await this.#turn();
    const peer = this.#network.reachOrThrow(this, to);
    const reply = await peer.receiveChunk(this.node, frame);
    await this.#turn();
    this.#network.reachOrThrow(peer, this.node);
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
    const peer = this.#network.reach(this, to);
    if (peer === undefined) {
      this.#counters.messagesDropped.unreachable += messages.length;
      this.#overflown.delete(to);
      this.#report(to);
      if (this.#network.isVacant(this, to)) this.lost(to);
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
