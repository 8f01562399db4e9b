import { VectorDbError } from '../../../src/base/error.ts';
import { openFrame } from '../../../src/raft/transport/frame-codec.ts';
import { decodeFrame, encodeFrames } from '../../../src/raft/transport/message-frames.ts';
import {
  decodeChunk,
  decodeOutcome,
  encodeChunk,
  encodeOutcome,
} from '../../../src/raft/transport/snapshot-chunk-codec.ts';
import type {
  GroupMessage,
  NodeNumber,
  SnapshotChunk,
  SnapshotChunkReply,
  Transport,
  TransportReceiver,
} from '../../../src/raft/transport/transport.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { hold } from '../invariants/violation.ts';
import type { EventQueue } from './event-queue.ts';
import type { RandomStream } from './random-streams.ts';
import type { SimulatedLinks } from './simulated-links.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** One frame in so many is decoded and encoded again. */
const CODEC_SAMPLE = 16;

/** How chunks of snapshots travel. */
export interface ChunkOptions {
  /** Of a chunk, or its answer: that the connection breaks. */
  readonly resetChance: number;
  /** Milliseconds after which a sender that hears nothing gives up. */
  readonly timeoutMs: number;
}

/** All nodes' transports: the production's frames over simulated links. */
export class SimulatedNetwork {
  readonly #queue: EventQueue;
  readonly #links: SimulatedLinks;
  readonly #random: RandomStream;
  readonly #ledger: ClusterLedger;
  readonly #ends = new Map<
    NodeNumber,
    { process: SimulatedProcess; receiver: TransportReceiver }
  >();
  chunks: ChunkOptions;
  #frames = 0;
  /** Messages that were handed over, by kind. */
  readonly sent: Record<string, number> = {};

  constructor(
    queue: EventQueue,
    links: SimulatedLinks,
    random: RandomStream,
    ledger: ClusterLedger,
    chunks: ChunkOptions,
  ) {
    this.#queue = queue;
    this.#links = links;
    this.#random = random;
    this.#ledger = ledger;
    this.chunks = chunks;
  }

  /** The transport of a process. */
  transport(process: SimulatedProcess): Transport {
    const { node } = process;
    return {
      node,
      listen: (receiver) => {
        this.#ends.set(node, { process, receiver });
      },
      send: (to, messages) => {
        if (process.state === 'down') return;
        this.#send(process, to, messages);
      },
      sendChunk: (to, chunk, signal) => this.#sendChunk(process, to, chunk, signal),
      [Symbol.asyncDispose]: () => {
        if (this.#ends.get(node)?.process === process) this.#ends.delete(node);
        return Promise.resolve();
      },
    };
  }

  #send(process: SimulatedProcess, to: NodeNumber, messages: readonly GroupMessage[]): void {
    for (const { group, message } of messages) {
      this.#ledger.sent(group, message);
      this.sent[message.kind] = (this.sent[message.kind] ?? 0) + 1;
    }
    for (const frame of encodeFrames(messages)) {
      this.#checkCodec(frame);
      const label = (): string => `n${process.node}>n${to} ${describe(decodeFrame(frame))}`;
      const sent = this.#links.send(process.node, to, label, () =>
        this.#arrive(process.node, to, frame, label),
      );
      if (sent === 'dropped') this.#reportUnreachable(process, to);
    }
  }

  #arrive(from: NodeNumber, to: NodeNumber, frame: Uint8Array, label: () => string): void {
    const end = this.#ends.get(to);
    // The checksum of the header is one of everything.
    this.#queue.trace.mix(new DataView(frame.buffer, frame.byteOffset).getUint32(16, true));
    end?.process.deliver(label, () => {
      end.receiver.onMessages(from, decodeFrame(frame.slice()));
    });
  }

  #reportUnreachable(process: SimulatedProcess, to: NodeNumber): void {
    const receiver = this.#ends.get(process.node)?.receiver;
    process.schedule(this.#random.exponential(5), `n${process.node} unreachable n${to}`, () =>
      receiver?.onUnreachable(to),
    );
  }

  #checkCodec(frame: Uint8Array): void {
    this.#frames += 1;
    if (this.#frames % CODEC_SAMPLE !== 0) return;
    const again = encodeFrames(decodeFrame(frame));
    hold(
      again.length === 1 && Buffer.compare(again[0] ?? new Uint8Array(0), frame) === 0,
      'codecRoundTrip',
      () => `a frame becomes another one: ${describe(decodeFrame(frame))}`,
    );
  }

  #sendChunk(
    process: SimulatedProcess,
    to: NodeNumber,
    chunk: SnapshotChunk,
    signal: AbortSignal | undefined,
  ): Promise<SnapshotChunkReply> {
    const { node } = process;
    const bytes = encodeChunk({ number: 1, chunk });
    this.sent['chunk'] = (this.sent['chunk'] ?? 0) + 1;
    const label = `n${node}>n${to} chunk`;
    return new Promise((resolve, reject) => {
      const giveUp = (why: string): void => {
        timer.cancel();
        reject(new VectorDbError('UNAVAILABLE', `node ${to}: ${why}`));
      };
      const timer = process.schedule(this.chunks.timeoutMs, `${label} timeout`, () =>
        giveUp('no answer'),
      );
      signal?.addEventListener('abort', () => giveUp('aborted'));
      if (this.#breaks(process, label, giveUp)) return;
      this.#links.send(node, to, label, () => {
        const end = this.#ends.get(to);
        end?.process.deliver(label, () => {
          const received = decodeChunk(openFrame(bytes).body).chunk;
          this.#answer(
            end.process,
            node,
            end.receiver.onChunk(node, received),
            (reply) => {
              const back = `${label} reply`;
              if (this.#breaks(process, back, giveUp)) return;
              process.deliver(back, () => {
                timer.cancel();
                resolve(reply);
              });
            },
            giveUp,
          );
        });
      });
    });
  }

  /** The connection breaks; perhaps the sender notices soon, perhaps the packet had arrived. */
  #breaks(process: SimulatedProcess, label: string, giveUp: (why: string) => void): boolean {
    if (!this.#random.happens(this.chunks.resetChance)) return false;
    process.schedule(this.#random.exponential(20), `${label} reset`, () => giveUp('reset'));
    return true;
  }

  #answer(
    receiver: SimulatedProcess,
    to: NodeNumber,
    outcome: Promise<SnapshotChunkReply>,
    deliver: (reply: SnapshotChunkReply) => void,
    giveUp: (why: string) => void,
  ): void {
    const back = (run: () => void): void => {
      if (receiver.state === 'down') return;
      this.#links.send(receiver.node, to, `n${receiver.node}>n${to} chunk reply`, run);
    };
    outcome.then(
      (reply) => {
        const bytes = encodeOutcome({ number: 1, outcome: reply });
        back(() => {
          const { outcome: decoded } = decodeOutcome(openFrame(bytes).body);
          if (decoded.kind === 'failed') giveUp(decoded.reason);
          else deliver(decoded);
        });
      },
      (error: unknown) => back(() => giveUp(String(error))),
    );
  }
}

function describe(messages: readonly GroupMessage[]): string {
  return messages
    .map(({ group, message }) => `g${group} ${JSON.stringify(message, shortened)}`)
    .join(' ');
}

/** Entries as terms and indexes, ids of replicas as node and generation. */
function shortened(key: string, value: unknown): unknown {
  if (key === 'entries' && Array.isArray(value)) {
    return (value as { term: number; index: number; kind: string }[])
      .map(({ term, index, kind }) => `${index}@${term}${kind === 'command' ? '' : ` ${kind}`}`)
      .join(' ');
  }
  if ((key === 'from' || key === 'to') && typeof value === 'number') {
    return `${Math.floor(value / 2 ** 20)}.${value % 2 ** 20}`;
  }
  return value;
}
