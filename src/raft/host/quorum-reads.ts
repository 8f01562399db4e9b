import type { Configuration, ReplicaId } from '../core/configuration.ts';
import type { LogIndex } from '../core/entry.ts';
import { isMajority } from '../core/quorum.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { LogEnd, NodeNumber, Transport } from '../transport/transport.ts';
import { nodeOf } from './replica-id.ts';

/** What is asked of a group on this node. */
export interface QuorumGroup {
  readonly replica: ReplicaId;
  readonly requests: {
    /** As of the applied entry. */
    readonly configuration: Configuration;
    isCurrent(endOf: (replica: ReplicaId) => LogIndex | undefined): boolean;
  };
}

export interface QuorumReadsOptions {
  readonly transport: Pick<Transport, 'node' | 'askLogEnds'>;
  /** A group that takes part on this node. */
  readonly find: (group: GroupId) => QuorumGroup | undefined;
  /** Calls back once, later: what is asked until then shares a round. */
  readonly defer: (callback: () => void) => void;
}

/** Readers who ask for the same groups. */
interface Readers {
  readonly groups: readonly GroupId[];
  /** Not confirmed so far. */
  open: readonly GroupId[];
  readonly promise: Promise<readonly GroupId[]>;
  readonly resolve: (open: readonly GroupId[]) => void;
}

/** One question to some nodes, for all readers who came before it was asked. */
interface Round {
  readonly number: number;
  readonly readers: readonly Readers[];
  /** Nodes that were asked, and where their logs end once they answered. */
  readonly asked: Map<NodeNumber, ReadonlyMap<GroupId, LogEnd> | undefined>;
  ticks: number;
}

/** Ticks without an answer after which others are asked too: between one and two of them have passed. */
const HEDGE_TICKS = 2;
/** Ticks after which a round ends with what it has. */
const ROUND_TICKS = 4;
const NONE: readonly GroupId[] = [];
/** More than there are nodes. */
const NODES = 2 ** 32;
/** The answer of a node that cannot be reached. */
const NOTHING: ReadonlyMap<GroupId, LogEnd> = new Map();

/**
 * Confirms reads of all groups by one exchange with as few nodes as it takes: an entry that was acknowledged is in the logs of a quorum, so that nothing is missing
 * here where the logs of some quorum end no later than what this node has applied. Who leads does not matter. One round is under way; who comes meanwhile shares
 * the next one, and no round serves a reader who came after it began.
 */
export class QuorumReads {
  readonly #options: QuorumReadsOptions;
  #gathering: Readers[] = [];
  #underWay: Round | undefined;
  #isDeferred = false;
  #rounds = 0;
  /** Nodes that did not answer; they are asked last until they are heard. */
  readonly #silent = new Set<NodeNumber>();

  constructor(options: QuorumReadsOptions) {
    this.#options = options;
  }

  /**
   * The groups of which it is not certain that this node has applied everything that was acknowledged before the call. Never rejects.
   *
   * @param groups - the same array again costs less
   */
  confirm(groups: readonly GroupId[]): Promise<readonly GroupId[]> {
    const same = this.#gathering.find((readers) => readers.groups === groups);
    if (same !== undefined) return same.promise;
    const { promise, resolve } = Promise.withResolvers<readonly GroupId[]>();
    this.#gathering.push({ groups, open: groups, promise, resolve });
    this.#beginLater();
    return promise;
  }

  /** A node answered; of an answer to an earlier question it only counts that it came. */
  answered(from: NodeNumber, number: number, ends: readonly LogEnd[]): void {
    this.heard(from);
    const round = this.#underWay;
    if (round?.number !== number || !round.asked.has(from)) return;
    round.asked.set(from, new Map(ends.map((end) => [end.group, end])));
    this.#look(round);
    this.#endIfOver(round);
  }

  /** Something of a node arrived. */
  heard(node: NodeNumber): void {
    this.#silent.delete(node);
  }

  /** What was sent to a node may not have arrived. */
  unreachable(node: NodeNumber): void {
    this.#silent.add(node);
    const round = this.#underWay;
    if (round?.asked.has(node) !== true || round.asked.get(node) !== undefined) return;
    round.asked.set(node, NOTHING);
    this.#hedge(round);
    this.#endIfOver(round);
  }

  tick(): void {
    const round = this.#underWay;
    if (round === undefined) return;
    round.ticks += 1;
    if (round.ticks === HEDGE_TICKS) this.#hedge(round);
    else if (round.ticks >= ROUND_TICKS) this.#end(round);
  }

  /** Nobody is asked any more: nothing is confirmed. */
  close(): void {
    if (this.#underWay !== undefined) this.#finish(this.#underWay);
    this.#underWay = undefined;
    for (const { groups, resolve } of this.#gathering.splice(0)) resolve(groups);
  }

  #beginLater(): void {
    if (this.#isDeferred || this.#underWay !== undefined) return;
    this.#isDeferred = true;
    this.#options.defer(() => {
      this.#isDeferred = false;
      if (this.#underWay === undefined && this.#gathering.length > 0) this.#begin();
    });
  }

  #begin(): void {
    this.#rounds += 1;
    const readers = this.#gathering;
    this.#gathering = [];
    const round: Round = { number: this.#rounds, readers, asked: new Map(), ticks: 0 };
    this.#underWay = round;
    this.#ask(round, this.#fewest(readers));
    if (round.asked.size === 0) this.#end(round);
  }

  #ask({ asked, number }: Round, nodes: Iterable<NodeNumber>): void {
    for (const node of nodes) {
      if (asked.has(node)) continue;
      asked.set(node, undefined);
      this.#options.transport.askLogEnds(node, number);
    }
  }

  /** Asks everybody else who decides in a group that is open. Who should have answered by now is silent. */
  #hedge(round: Round): void {
    for (const [node, answer] of round.asked) if (answer === undefined) this.#silent.add(node);
    for (const { open } of round.readers) {
      for (const group of open) this.#ask(round, this.#others(group));
    }
  }

  /** Once all readers have all they asked for, or nobody is left to answer. */
  #endIfOver(round: Round): void {
    const isOpen = round.readers.some(({ open }) => open.length > 0);
    if (isOpen && [...round.asked.values()].includes(undefined)) return;
    this.#end(round);
  }

  #end(round: Round): void {
    for (const [node, answer] of round.asked) if (answer === undefined) this.#silent.add(node);
    this.#underWay = undefined;
    this.#finish(round);
    if (this.#gathering.length > 0) this.#beginLater();
  }

  #finish({ readers }: Round): void {
    for (const { open, resolve } of readers) resolve(open);
  }

  /** What the answers so far confirm. Who has all it asked for goes on. */
  #look({ readers, asked }: Round): void {
    for (const each of readers) {
      if (each.open.length === 0) continue;
      each.open = each.open.filter((group) => !this.#isConfirmed(group, asked));
      if (each.open.length === 0) each.resolve(NONE);
    }
  }

  #isConfirmed(group: GroupId, asked: Round['asked']): boolean {
    const open = this.#options.find(group);
    if (open === undefined) return false;
    return open.requests.isCurrent((replica) => {
      const end = asked.get(nodeOf(replica))?.get(group);
      return end?.replica === replica ? end.index : undefined;
    });
  }

  /** About as few nodes as have a quorum of every group together with this one; those that answer before those that do not. */
  #fewest(readers: readonly Readers[]): ReadonlySet<NodeNumber> {
    const chosen = new Set<NodeNumber>();
    for (const { groups } of readers) {
      for (const group of groups) {
        const open = this.#options.find(group);
        if (open === undefined) continue;
        const { voters, outgoing } = open.requests.configuration;
        for (const half of [voters, outgoing]) this.#choose(half, open.replica, chosen);
      }
    }
    return chosen;
  }

  /** Adds nodes until a majority of the voters is on them and here. */
  #choose(voters: readonly ReplicaId[], own: ReplicaId, chosen: Set<NodeNumber>): void {
    const isThere = (voter: ReplicaId): boolean => voter === own || chosen.has(nodeOf(voter));
    while (voters.length > 0 && !isMajority(voters, isThere)) {
      const absent = voters.filter((voter) => !isThere(voter)).map(nodeOf);
      const next = this.#first(absent.filter((node) => node !== this.#options.transport.node));
      if (next === undefined) return;
      chosen.add(next);
    }
  }

  /** Nodes of a group's other voters. */
  #others(group: GroupId): readonly NodeNumber[] {
    const { find, transport } = this.#options;
    const { voters = NONE, outgoing = NONE } = find(group)?.requests.configuration ?? {};
    return [...voters, ...outgoing].map(nodeOf).filter((node) => node !== transport.node);
  }

  /** Who of them is asked first: each node begins with the one after it, so that all are asked about as often. */
  #first(nodes: readonly NodeNumber[]): NodeNumber | undefined {
    const { node: own } = this.#options.transport;
    const rank = (node: NodeNumber): number =>
      (this.#silent.has(node) ? 2 * NODES : 0) + (node > own ? node : node + NODES);
    return nodes.toSorted((a, b) => rank(a) - rank(b))[0];
  }
}
