import type { Clock } from '../../base/clock.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';

const SILENT_MS = 1_000;
const NOT_READY_MS = 250;
const LATENCIES_KEPT = 32;

/** What this node has seen of another one. */
interface Peer {
  /** Until then it is not asked while another can be. */
  silentUntilMs: number;
  /** By shard, the same for one shard. */
  readonly notReadyUntilMs: Map<number, number>;
  /** Milliseconds of its last answers, in a ring. */
  readonly latencies: number[];
  answers: number;
  underWay: number;
}

/** Remembers how other nodes answered lately: whom to ask, and how long an answer usually takes. */
export class PeerHealth {
  readonly #clock: Clock;
  readonly #peers = new Map<NodeNumber, Peer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the node is likely to answer for the shard. */
  isPromising(node: NodeNumber, shard: number): boolean {
    const peer = this.#peers.get(node);
    if (peer === undefined) return true;
    const nowMs = this.#clock.monotonicMs();
    return nowMs >= peer.silentUntilMs && nowMs >= (peer.notReadyUntilMs.get(shard) ?? 0);
  }

  /** Calls under way to a node. */
  load(node: NodeNumber): number {
    return this.#peers.get(node)?.underWay ?? 0;
  }

  /** A call begins. */
  asked(node: NodeNumber): void {
    this.#peer(node).underWay += 1;
  }

  /** The node answered after so many milliseconds. */
  answered(node: NodeNumber, milliseconds: number): void {
    const peer = this.#peer(node);
    peer.underWay -= 1;
    peer.silentUntilMs = 0;
    peer.latencies[peer.answers % LATENCIES_KEPT] = milliseconds;
    peer.answers += 1;
  }

  /** Its answer is not waited for any more. */
  abandoned(node: NodeNumber): void {
    this.#peer(node).underWay -= 1;
  }

  /** The node cannot be reached. */
  failed(node: NodeNumber): void {
    const peer = this.#peer(node);
    peer.underWay -= 1;
    peer.silentUntilMs = this.#clock.monotonicMs() + SILENT_MS;
  }

  /** The node answered that it cannot serve these shards now. */
  refused(node: NodeNumber, shards: readonly number[]): void {
    const peer = this.#peer(node);
    peer.underWay -= 1;
    const untilMs = this.#clock.monotonicMs() + NOT_READY_MS;
    for (const shard of shards) peer.notReadyUntilMs.set(shard, untilMs);
  }

  /** Milliseconds that an answer usually takes; undefined: too few were seen. */
  medianMs(node: NodeNumber): number | undefined {
    const latencies = this.#peers.get(node)?.latencies ?? [];
    return latencies.length < 3
      ? undefined
      : latencies.toSorted((a, b) => a - b)[latencies.length >> 1];
  }

  #peer(node: NodeNumber): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      peer = {
        silentUntilMs: 0,
        notReadyUntilMs: new Map(),
        latencies: [],
        answers: 0,
        underWay: 0,
      };
      this.#peers.set(node, peer);
    }
    return peer;
  }
}
