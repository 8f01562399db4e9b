import { VectorDbError } from '../../../src/base/error.ts';
import { openFrame } from '../../../src/raft/transport/frame-codec.ts';
import { decodeLogEnds, encodeLogEnds } from '../../../src/raft/transport/log-ends-codec.ts';
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
  MemberTransport,
  SnapshotChunkReply,
} from '../../../src/raft/transport/transport.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import { hold } from '../invariants/violation.ts';
import type { EventQueue } from './event-queue.ts';
import type { RandomStream } from './random-streams.ts';
import type { SimulatedWires } from './simulated-calls.ts';
import type { SimulatedLinks } from './simulated-links.ts';
import { type SimulatedMember, SimulatedNodePort } from './simulated-node-port.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** One frame in so many is decoded and encoded again. */
const CODEC_SAMPLE = 16;

/** Frames of messages that pass where one chunk does, before a connection breaks. */
const FRAMES_A_RESET = 10;

/** How chunks of snapshots travel. */
export interface ChunkOptions {
  /** Of a chunk, or its answer: that the connection breaks. */
  readonly resetChance: number;
  /** Milliseconds after which a sender that hears nothing gives up. */
  readonly timeoutMs: number;
}

/** Where the nodes of a simulation are that need no address. */
const addressOf = (node: NodeNumber): string => `n${node}`;

/** All nodes' ports: the production's frames over simulated links between machines. */
export class SimulatedNetwork {
  readonly queue: EventQueue;
  readonly #links: SimulatedLinks;
  readonly #random: RandomStream;
  readonly #ledger: Pick<ClusterLedger, 'sent'>;
  readonly #ports = new Map<string, SimulatedNodePort>();
  /** The machine that has an address, also while no process of it listens. */
  readonly #machines = new Map<string, number>();
  readonly wires: SimulatedWires;
  chunks: ChunkOptions;
  #frames = 0;
  /** Messages that were handed over, by kind. */
  readonly sent: Record<string, number> = {};

  constructor(
    queue: EventQueue,
    links: SimulatedLinks,
    random: RandomStream,
    ledger: Pick<ClusterLedger, 'sent'>,
    chunks: ChunkOptions,
  ) {
    this.queue = queue;
    this.#links = links;
    this.#random = random;
    this.#ledger = ledger;
    this.chunks = chunks;
    this.wires = { queue, links, random, resetChance: () => this.chunks.resetChance };
  }

  /** A process listens at an address, which is its machine's from now on; whoever listened there does no more. */
  port(
    process: SimulatedProcess,
    address: string,
    { token }: { readonly token?: string } = {},
  ): SimulatedNodePort {
    const port = new SimulatedNodePort(this, process, address, token);
    this.#ports.set(address, port);
    this.#machines.set(address, process.node);
    process.whenKilled(() => this.#ended(port));
    return port;
  }

  /** The transport of a process whose machine's number is its node's. */
  transport(process: SimulatedProcess): MemberTransport {
    const { node } = process;
    const membership = { node, cluster: 'a cluster', addressOf };
    return this.port(process, addressOf(node)).join(membership);
  }

  /** The port that listens at an address now. */
  portAt(address: string): SimulatedNodePort | undefined {
    const port = this.#ports.get(address);
    return port?.process.state === 'down' ? undefined : port;
  }

  machineAt(address: string): number | undefined {
    return this.#machines.get(address);
  }

  /** The machine where a member believes another node to be. */
  machineOf(member: SimulatedMember, to: NodeNumber): number | undefined {
    if (member.forgotten.has(to)) return undefined;
    return this.machineAt(member.membership.addressOf(to) ?? '');
  }

  /** The other node, where it is who a member looks for, and speaks with it. */
  memberAt(member: SimulatedMember, to: NodeNumber): SimulatedMember | undefined {
    const { addressOf: find, cluster, node } = member.membership;
    const other = this.portAt(find(to) ?? '')?.member;
    const isSought = other?.membership.node === to && other.membership.cluster === cluster;
    return isSought && !other.forgotten.has(node) ? other : undefined;
  }

  /** Nobody listens there any more. */
  remove(port: SimulatedNodePort): void {
    if (this.#ports.get(port.address) === port) this.#ports.delete(port.address);
  }

  /** Sends messages of a member on their way. */
  send(member: SimulatedMember, to: NodeNumber, messages: readonly GroupMessage[]): void {
    const { node } = member.membership;
    for (const { group, message } of messages) {
      this.#ledger.sent(group, message);
      this.sent[message.kind] = (this.sent[message.kind] ?? 0) + 1;
    }
    const machine = this.machineOf(member, to);
    for (const frame of encodeFrames(messages)) {
      this.#checkCodec(frame);
      const label = (): string => `n${node}>n${to} ${describe(decodeFrame(frame))}`;
      const sent =
        machine === undefined
          ? 'dropped'
          : this.#links.send(member.port.process.node, machine, label, () =>
              this.#arrive(member, to, frame, label),
            );
      if (sent === 'dropped') this.#reportUnreachable(member, to);
    }
  }

  /** Sends a member's question how far another node's logs go, and the answer back. */
  askLogEnds(member: SimulatedMember, to: NodeNumber, number: number): void {
    const { process } = member.port;
    const { node } = member.membership;
    const machine = this.machineOf(member, to);
    const label = `n${node}>n${to} log ends ${number}`;
    const question = encodeLogEnds({ kind: 'question', number });
    this.sent['logEnds'] = (this.sent['logEnds'] ?? 0) + 1;
    const sent =
      machine === undefined
        ? 'dropped'
        : this.#links.send(process.node, machine, label, () => {
            const end = this.memberAt(member, to);
            if (end?.receiver === undefined) return;
            end.port.process.deliver(label, () => this.#answerLogEnds(member, end, question));
          });
    if (sent === 'dropped') this.#reportUnreachable(member, to);
  }

  #answerLogEnds(asker: SimulatedMember, asked: SimulatedMember, question: Uint8Array): void {
    const { number } = decodeLogEnds(openFrame(question));
    const ends = asked.receiver?.logEnds(asker.membership.node);
    if (ends === undefined) return;
    const answer = encodeLogEnds({ kind: 'answer', number, ends });
    const { node } = asked.membership;
    const label = (): string => `n${node}>n${asker.membership.node} log ends ${number} answer`;
    this.#links.send(asked.port.process.node, asker.port.process.node, label, () => {
      this.queue.trace.mix(new DataView(answer.buffer, answer.byteOffset).getUint32(16, true));
      asker.port.process.deliver(label, () => {
        const taken = decodeLogEnds(openFrame(answer));
        if (taken.kind !== 'answer') return;
        asker.receiver?.onLogEnds(node, taken.number, taken.ends);
      });
    });
  }

  #arrive(from: SimulatedMember, to: NodeNumber, frame: Uint8Array, label: () => string): void {
    const end = this.memberAt(from, to);
    // The checksum of the header is one of everything.
    this.queue.trace.mix(new DataView(frame.buffer, frame.byteOffset).getUint32(16, true));
    const isVacant = this.portAt(from.membership.addressOf(to) ?? '') === undefined;
    // Connections break under processes that go on, too.
    if (isVacant || this.#random.happens(this.chunks.resetChance / FRAMES_A_RESET)) {
      this.#reportDisconnected(from, to);
    }
    if (end?.receiver === undefined) return;
    end.port.process.deliver(label, () => {
      end.receiver?.onMessages(from.membership.node, decodeFrame(frame.slice()));
    });
  }

  /** All connections to a process end with it. */
  #ended({ address, member }: SimulatedNodePort): void {
    if (member === undefined) return;
    const { node } = member.membership;
    for (const { member: other } of this.#ports.values()) {
      if (other?.membership.addressOf(node) === address) this.#reportDisconnected(other, node);
    }
  }

  /** The machine of a process that is gone says so, unless nothing comes through from there. */
  #reportDisconnected({ membership, port, receiver }: SimulatedMember, to: NodeNumber): void {
    const label = `n${membership.node} disconnected n${to}`;
    const machine = this.machineAt(membership.addressOf(to) ?? '');
    if (machine === undefined || this.#links.isBlocked(machine, port.process.node)) return;
    port.process.schedule(this.#random.exponential(5), label, () => receiver?.onDisconnected(to));
  }

  #reportUnreachable({ membership, port, receiver }: SimulatedMember, to: NodeNumber): void {
    const label = `n${membership.node} unreachable n${to}`;
    port.process.schedule(this.#random.exponential(5), label, () => receiver?.onUnreachable(to));
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

  /** Sends a chunk of a member on its way; resolves with the answer. */
  sendChunk(
    member: SimulatedMember,
    to: NodeNumber,
    chunk: SnapshotChunk,
    signal: AbortSignal | undefined,
  ): Promise<SnapshotChunkReply> {
    const { process } = member.port;
    const { node } = member.membership;
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
      const machine = this.machineOf(member, to);
      if (machine === undefined) return;
      this.#links.send(process.node, machine, label, () => {
        const end = this.memberAt(member, to);
        if (end?.receiver === undefined) return;
        const { receiver } = end;
        end.port.process.deliver(label, () => {
          const received = decodeChunk(openFrame(bytes).body).chunk;
          this.#answer(
            end.port.process,
            process.node,
            receiver.onChunk(node, received),
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
