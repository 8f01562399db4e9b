import type { EventQueue } from './event-queue.ts';
import type { RandomStream } from './random-streams.ts';
import type { TraceLabel } from './trace.ts';

/** How packets travel. Milliseconds of true time; chances in [0, 1], each for one packet. */
export interface LinkOptions {
  readonly delayMinMs: number;
  readonly delayMeanMs: number;
  readonly lossChance: number;
  readonly duplicateChance: number;
  /** Of a duplicate: that it comes up to `lateMaxMs` later rather than soon. */
  readonly lateChance: number;
  readonly lateMaxMs: number;
  /** Whether packets may overtake each other. */
  readonly reorders: boolean;
  /** Packets on their way from one node to another; more are dropped. */
  readonly capacity: number;
  /** Of a packet: that nothing gets through its link for a while. */
  readonly clogChance: number;
  readonly clogMeanMs: number;
}

/** A network that does what it should. */
export const CALM_LINKS: LinkOptions = {
  delayMinMs: 0.2,
  delayMeanMs: 0.5,
  lossChance: 0,
  duplicateChance: 0,
  lateChance: 0,
  lateMaxMs: 0,
  reorders: false,
  capacity: 1000,
  clogChance: 0,
  clogMeanMs: 0,
};

interface Link {
  onWay: number;
  newestArrivalMs: number;
  cloggedUntilMs: number;
}

/** From one node to another. */
export type Direction = `${number}>${number}`;

/** Names a direction. */
export const direction = (from: number, to: number): Direction => `${from}>${to}`;

/** All ways between nodes: delays, loses, repeats and reorders what travels. */
export class SimulatedLinks {
  readonly #queue: EventQueue;
  readonly #random: RandomStream;
  readonly #links = new Map<Direction, Link>();
  #options: LinkOptions;
  #blocked: ReadonlySet<Direction> = new Set();

  constructor(queue: EventQueue, random: RandomStream, options: LinkOptions) {
    this.#queue = queue;
    this.#random = random;
    this.#options = options;
  }

  /** Nothing gets through these directions from now on; what is on its way does not either. */
  partition(blocked: ReadonlySet<Direction>): void {
    this.#blocked = blocked;
  }

  /** From now on everything gets through, and behaves. */
  heal(options: LinkOptions = CALM_LINKS): void {
    this.#options = options;
    this.#blocked = new Set();
    for (const link of this.#links.values()) link.cloggedUntilMs = 0;
  }

  isBlocked(from: number, to: number): boolean {
    return this.#blocked.has(direction(from, to));
  }

  /**
   * Sends a packet on its way; `arrive` is called once, or twice, or never.
   *
   * @returns whether the sender may notice that it was dropped
   */
  send(from: number, to: number, label: TraceLabel, arrive: () => void): 'sent' | 'dropped' {
    const link = this.#link(from, to);
    const { lossChance, duplicateChance, lateChance, lateMaxMs, capacity } = this.#options;
    const random = this.#random;
    if (link.onWay >= capacity) return 'dropped';
    if (this.isBlocked(from, to)) return random.happens(0.5) ? 'dropped' : 'sent';
    this.#clog(link);
    if (random.happens(lossChance)) return 'sent';
    this.#travel(from, to, link, this.#arrival(link), label, arrive);
    if (random.happens(duplicateChance)) {
      const extra = random.happens(lateChance) ? random.between(0, lateMaxMs) : 0;
      this.#travel(from, to, link, this.#arrival(link) + extra, label, arrive);
    }
    return 'sent';
  }

  #travel(
    from: number,
    to: number,
    link: Link,
    atMs: number,
    label: TraceLabel,
    arrive: () => void,
  ): void {
    link.onWay += 1;
    this.#queue.scheduleAt(atMs, label, () => {
      link.onWay -= 1;
      if (!this.isBlocked(from, to)) arrive();
    });
  }

  #clog(link: Link): void {
    const { clogChance, clogMeanMs } = this.#options;
    if (!this.#random.happens(clogChance)) return;
    link.cloggedUntilMs = this.#queue.nowMs + this.#random.exponential(clogMeanMs);
  }

  #arrival(link: Link): number {
    const { delayMinMs, delayMeanMs, reorders } = this.#options;
    const now = this.#queue.nowMs;
    let arrival = now + delayMinMs + this.#random.exponential(delayMeanMs - delayMinMs);
    arrival = Math.max(arrival, link.cloggedUntilMs);
    if (!reorders) arrival = Math.max(arrival, link.newestArrivalMs);
    link.newestArrivalMs = Math.max(link.newestArrivalMs, arrival);
    return arrival;
  }

  #link(from: number, to: number): Link {
    const name = direction(from, to);
    let link = this.#links.get(name);
    if (link === undefined) {
      link = { onWay: 0, newestArrivalMs: 0, cloggedUntilMs: 0 };
      this.#links.set(name, link);
    }
    return link;
  }
}
